import { printable } from './printable.js';

/**
 * The base of every error this library makes itself: a stable `code` to branch on, the numbers in the message,
 * and what caused it in `cause`. A failed connect is not one of them: it surfaces Node's own error unchanged.
 *
 * @example
 * ```ts
 * import { connectionPair, StreamError } from 'rxjs-net';
 *
 * const [client, server] = connectionPair();
 * client.reader.readExactly(4).subscribe({
 *   error: (error: unknown) => {
 *     if (error instanceof StreamError) console.log(error.code); // ERR_INCOMPLETE_READ
 *   },
 * });
 * server.writer.write('abc');
 * server.writer.close();
 * ```
 */
export abstract class StreamError extends Error {
  /** Stays the same across releases; the message may not. */
  abstract readonly code: string;
}

/**
 * The stream ended in the middle of what was to be read. The bytes that had come are in `partial`, no longer in
 * the buffer. As asyncio's `IncompleteReadError`.
 *
 * @example
 * ```ts
 * import { connectionPair, IncompleteReadError } from 'rxjs-net';
 *
 * const [client, server] = connectionPair();
 * client.reader.readExactly(5).subscribe({
 *   error: (error: unknown) => {
 *     if (error instanceof IncompleteReadError) console.log(error.partial.length, error.expected); // 3 5
 *   },
 * });
 * server.writer.write('abc');
 * server.writer.close();
 * ```
 */
export class IncompleteReadError extends StreamError {
  override readonly name = 'IncompleteReadError';
  readonly code = 'ERR_INCOMPLETE_READ';

  constructor(
    /** The bytes that came before the end. */
    readonly partial: Uint8Array,
    /** How many bytes were to be read, or `null` where that is not known. */
    readonly expected: number | null,
  ) {
    super(
      `The stream ended after ${partial.length} bytes, expected ${expected ?? 'more, up to a separator or frame end'}`,
    );
  }
}

/**
 * No separator within the reader's limit. The bytes stay in the buffer, but for `readLine`, which drops the line.
 * As asyncio's `LimitOverrunError`.
 *
 * @example
 * ```ts
 * import { connectionPair, LimitOverrunError } from 'rxjs-net';
 *
 * const [client, server] = connectionPair({ limit: 8 });
 * client.reader.readUntil('\n').subscribe({
 *   error: (error: unknown) => {
 *     if (error instanceof LimitOverrunError) console.log(error.consumed, client.reader.bufferedBytes); // 11 11
 *   },
 * });
 * server.writer.write('a long line');
 * ```
 */
export class LimitOverrunError extends StreamError {
  override readonly name = 'LimitOverrunError';
  readonly code = 'ERR_LIMIT_OVERRUN';

  constructor(
    message: string,
    /** How many bytes at the front of the buffer hold no separator: skip them to go on. */
    readonly consumed: number,
  ) {
    super(message);
  }
}

/**
 * The bytes are not what the protocol allows. They stay in the buffer from the first byte of the bad frame on.
 *
 * The message may quote what the peer has sent: what cannot be seen in it (control characters, line breaks, marks that
 * turn the direction of text) is shown as escapes, and beyond 500 characters it is cut.
 *
 * @example
 * ```ts
 * import { connectionPair, DecodeError, json } from 'rxjs-net';
 *
 * const [client, server] = connectionPair();
 * client.reader.frames(json()).subscribe({
 *   error: (error: unknown) => {
 *     if (error instanceof DecodeError) console.log(error.code); // ERR_DECODE
 *     // The bad line is still there: it can be looked at, or skipped.
 *     client.reader.readLine('utf-8').subscribe((line) => console.log(line.trim())); // {"price":}
 *   },
 * });
 * server.writer.write('{"price":}\n');
 * ```
 */
export class DecodeError extends StreamError {
  override readonly name = 'DecodeError';
  readonly code = 'ERR_DECODE';

  constructor(message = '', options?: ErrorOptions) {
    super(printable(message), options);
  }
}
