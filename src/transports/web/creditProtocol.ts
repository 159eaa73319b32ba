/** The subprotocol by which both ends of a WebSocket agree on credits. @internal */
export const CREDIT_PROTOCOL = 'credit.rxjs-net';

const PREFIX = `${CREDIT_PROTOCOL}+`;

/** A subprotocol of the program, agreed on together with credits. @internal */
export function withCredits(name: string): string {
  return PREFIX + name;
}

/** Whether the subprotocol that was agreed on has credits. @internal */
export function hasCredits(protocol: string): boolean {
  return protocol === CREDIT_PROTOCOL || protocol.startsWith(PREFIX);
}

/** What the program knows of it: its own subprotocol, or none. @internal */
export function withoutCredits(protocol: string): string {
  return hasCredits(protocol) ? protocol.slice(PREFIX.length) : protocol;
}
