import { encodeText } from '../../bytes/text.js';
import { WebSocketCloseError } from '../../streams/errors.js';

/** For a link that cannot be reset: 4000 to 4999 are free for programs (RFC 6455, 7.4.2). @internal */
export const ABORTED = 4000;

/** Bytes of UTF-8 that the reason in a close frame has room for (RFC 6455, 5.5). @internal */
export const MAX_REASON = 123;

/** Whether a program may close with it: the others are for the protocol itself (RFC 6455, 7.4). @internal */
export function mayCloseWith(code: number): boolean {
  return code === 1000 || (Number.isInteger(code) && code >= 3000 && code <= 4999);
}

/** How many bytes of a close frame it takes. @internal */
export function reasonLength(reason: string): number {
  return encodeText(reason).length;
}

/** What a WebSocket is lost with that told of an error before it closed. @internal */
export function brokenWebSocket(code: number, reason: string, cause: unknown): WebSocketCloseError {
  const what = cause instanceof Error ? cause.message : String(cause);
  return new WebSocketCloseError(code, reason, `The WebSocket broke with code ${code}: ${what}`, { cause });
}
