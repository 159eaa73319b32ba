import type { SchedulerLike, Subscription } from 'rxjs';
import { ABORTED, brokenWebSocket } from './closeCodes.js';
import type { Message, MessageLink, MessageLinkReceiver } from './MessageLink.js';
import type { UnsharedBytes } from './UnsharedBytes.js';

/** What is needed of a `WebSocket`: the browser's, Node's, or that of the package `ws`. See {@link fromWebSocket}. */
export interface WebSocketLike {
  /** It is set to `arraybuffer`. */
  binaryType: string;
  /** The code of its state: 0 to 3, 1 when it is open. */
  readonly readyState: number;
  /** Bytes that were given to `send` and have not left yet. */
  readonly bufferedAmount: number;
  /** The subprotocol that was agreed on, `''` for none. */
  readonly protocol: string;
  /** The URL that it was opened with. */
  readonly url: string;
  /** Sends a message; that of `ws` calls `sent` when it has. */
  send(data: string | UnsharedBytes, sent?: () => void): void;
  /** Closes it, with a `code` (RFC 6455, 7.4) and a reason. */
  close(code?: number, reason?: string): void;
  /** For `open`, `message`, `error` and `close`. */
  // Platforms have types of events of their own.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  addEventListener(type: string, listener: (event: any) => void): void;
  /** Takes a listener back. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  removeEventListener(type: string, listener: (event: any) => void): void;
  /** Of `ws`, which calls back when a message has been sent. */
  on?: unknown;
  /** Of `ws`, and of Bun: stops the socket below. */
  pause?(): void;
  /** Of `ws`, and of Bun: lets the socket below go on. */
  resume?(): void;
  /** Of `ws`: resets it. */
  terminate?(): void;
}

/** Milliseconds: nothing tells when `bufferedAmount` goes down, so it is looked at, for as long as it is not 0. */
const LOOK = 4;
/** Bytes that a socket may hold at most without being asked more often. */
const MOST_ROOM = 2 ** 20;
const OPEN = 1;

/**
 * A link on a `WebSocket` that is open.
 *
 * Between two looks at `bufferedAmount` a socket is to have enough to do: what it took from one to the next it may hold
 * without that counting as waiting, 1 MiB at most. So a fast one does not wait for the looks, and before a slow one nothing
 * piles up.
 *
 * @internal
 */
export class WebSocketLink implements MessageLink {
  readonly flowControl: 'socket' | undefined;
  readonly #socket: WebSocketLike;
  readonly #scheduler: SchedulerLike;
  #receiver: MessageLinkReceiver | undefined;
  /** `bufferedAmount`, when it was last known; of `ws`, what it has not told of. */
  #seen = 0;
  /** Bytes that it took since the last look. */
  #taken = 0;
  /** Bytes that it may hold without their counting as waiting. */
  #room = 0;
  #look: Subscription | undefined;
  #error: unknown;

  /** Whether it tells what it has sent. */
  get #tells(): boolean {
    return this.#socket.on !== undefined;
  }

  constructor(socket: WebSocketLike, scheduler: SchedulerLike) {
    this.#socket = socket;
    this.#scheduler = scheduler;
    this.flowControl = typeof socket.pause === 'function' ? 'socket' : undefined;
    socket.binaryType = 'arraybuffer';
  }

  get queuedBytes(): number {
    return this.#tells ? this.#seen : Math.max(0, this.#socket.bufferedAmount - this.#room);
  }

  start(receiver: MessageLinkReceiver): void {
    this.#receiver = receiver;
    const socket = this.#socket;
    socket.addEventListener('message', this.#onMessage);
    socket.addEventListener('error', this.#onError);
    socket.addEventListener('close', this.#onClose);
  }

  send(message: Message): void {
    const socket = this.#socket;
    // It would be counted as waiting for ever.
    if (socket.readyState !== OPEN) return;
    if (this.#tells) {
      const { length } = message;
      this.#seen += length;
      this.#attempt(() => socket.send(message as string, () => this.#onSent(length)));
      return;
    }
    this.#count();
    this.#attempt(() => socket.send(message as string));
    this.#seen = socket.bufferedAmount;
    this.#lookLater();
  }

  pause(): void {
    // The end of one that is closing has to be heard.
    if (this.#socket.readyState !== OPEN) return;
    this.#attempt(() => this.#socket.pause?.());
  }

  resume(): void {
    this.#attempt(() => this.#socket.resume?.());
  }

  close(code = 1000, reason?: string): void {
    this.#attempt(() => this.#socket.close(code, reason));
  }

  abort(code: number, reason: string): void {
    const socket = this.#socket;
    this.#leave();
    // One that was opened by a factory may be closing already.
    socket.addEventListener('error', ignore);
    try {
      if (socket.terminate !== undefined) socket.terminate();
      else socket.close(code, reason);
    } catch {
      // Nobody is there any more to be told, and there is nothing left to try.
    }
  }

  getExtraInfo(name: string): unknown {
    if (name === 'socket') return this.#socket;
    return name === 'protocol' || name === 'url' ? this.#socket[name] : undefined;
  }

  readonly #onMessage = ({ data }: { data: string | ArrayBuffer }): void => {
    this.#tellSent();
    this.#receiver?.message(typeof data === 'string' ? data : new Uint8Array(data));
  };

  // A browser tells nothing here; `ws` tells what happened.
  readonly #onError = ({ error }: { error?: unknown }): void => {
    this.#error ??= error;
  };

  readonly #onClose = ({ code, reason }: { code: number; reason: string }): void => {
    const receiver = this.#receiver;
    this.#leave();
    // It takes no more: all that it holds is lost.
    this.#room = 0;
    const cause = this.#error;
    const error = cause === undefined ? undefined : brokenWebSocket(code, reason, cause);
    receiver?.closed({ code, reason, error });
  };

  #attempt(call: () => void): void {
    try {
      call();
    } catch (error) {
      const receiver = this.#receiver;
      this.abort(ABORTED, '');
      receiver?.closed({ error });
    }
  }

  // Only `ws` tells, and its `bufferedAmount` counts the heads of frames as well.
  #onSent(length: number): void {
    this.#seen -= length;
    this.#receiver?.sent();
  }

  #lookLater(): void {
    if (this.#look !== undefined || this.#receiver === undefined || this.#seen === 0) return;
    this.#look = this.#scheduler.schedule(() => {
      this.#look = undefined;
      const waiting = this.#seen - this.#room;
      const fewer = this.#count();
      // One that has run dry could have taken more.
      const room = this.#seen > 0 ? this.#taken : Math.max(this.#room, this.#taken);
      // What did not wait does not begin to.
      this.#room = Math.max(Math.min(MOST_ROOM, room), this.#seen - Math.max(0, waiting));
      this.#taken = 0;
      if (fewer) this.#receiver?.sent();
      this.#lookLater();
    }, LOOK);
  }

  #tellSent(): void {
    if (!this.#tells && this.#count()) this.#receiver?.sent();
  }

  /** Whether it holds less than it did. */
  #count(): boolean {
    const now = this.#socket.bufferedAmount;
    const taken = this.#seen - now;
    this.#seen = now;
    if (taken > 0) this.#taken += taken;
    return taken > 0;
  }

  #leave(): void {
    const socket = this.#socket;
    this.#receiver = undefined;
    this.#look?.unsubscribe();
    socket.removeEventListener('message', this.#onMessage);
    socket.removeEventListener('error', this.#onError);
    socket.removeEventListener('close', this.#onClose);
  }
}

function ignore(): void {
  // An error after an abort is nobody's business.
}
