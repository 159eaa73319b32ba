/** A message as it travels: text, or bytes. */
export type Message = string | Uint8Array;

/**
 * What carries whole messages: a `WebSocket`, a `MessagePort`, a socket of `ws`. As thin as the platform allows; what is
 * the same for all of them is `MessageTransport`.
 *
 * It is connected when it is made, delivers nothing before `start`, and tells `closed` exactly once, last. Nothing that the
 * platform throws leaves it: that is a `closed` with the error.
 *
 * @internal
 */
export interface MessageLink {
  /** Where `pause` reaches the peer, by what: `stream` is WHATWG streams, `socket` the TCP socket below. */
  readonly flowControl: 'stream' | 'socket' | undefined;
  /** Bytes that were sent and are not yet handed on to the system. */
  readonly queuedBytes: number;
  /** Called once, and before it at most `pause`. */
  start(receiver: MessageLinkReceiver): void;
  /** Sends one message, which may be empty. The bytes stay as they are until they are handed on. */
  send(message: Message): void;
  /** Stops delivering messages; those under way may still come. Without `flowControl` it is never called. */
  pause(): void;
  resume(): void;
  /** Closes after what was sent. No message is delivered from here on; `closed` comes when the peer has answered. */
  close(code?: number, reason?: string): void;
  /** Drops what it can, and breaks the connection for the peer, with `code` where it cannot reset. Tells nothing any more. */
  abort(code: number, reason: string): void;
  getExtraInfo(name: string): unknown;
}

/** What a link calls. Every call may come back into the link before it returns. @internal */
export interface MessageLinkReceiver {
  /** The receiver keeps the bytes: never reuse their memory. */
  message(message: Message): void;
  /** `queuedBytes` went down. */
  sent(): void;
  /** The link is gone: with the peer's close code, if it gave one, or with the error that broke it. */
  closed(closing: LinkClosing): void;
}

/** How a link ended: the close code and reason of WebSocket (RFC 6455, 7.4), or an error. @internal */
export interface LinkClosing {
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  readonly error?: unknown;
}
