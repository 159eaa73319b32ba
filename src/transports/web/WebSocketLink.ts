import type { SchedulerLike, Subscription } from 'rxjs';
import { WebSocketCloseError } from '../../streams/errors.js';
import type { Message, MessageLink, MessageLinkReceiver } from './MessageLink.js';

/** What is needed of a `WebSocket`: the browser's, Node's, or that of the package `ws`. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly protocol: string;
  readonly url: string;
  send(data: string | ArrayBufferView<ArrayBuffer>, sent?: () => void): void;
  close(code?: number, reason?: string): void;
  // Platforms have types of events of their own.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  addEventListener(type: string, listener: (event: any) => void): void;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  removeEventListener(type: string, listener: (event: any) => void): void;
  /** Of `ws`, which calls back when a message has been sent. */
  on?: unknown;
  /** Of `ws`, and of Bun: stops the socket below. */
  pause?(): void;
  resume?(): void;
  /** Of `ws`: resets it. */
  terminate?(): void;
}

/** Milliseconds: nothing tells when `bufferedAmount` goes down, so it is looked at, for as long as something waits. */
const LOOK = 4;
const OPEN = 1;

/**
 * A link on a `WebSocket` that is open.
 *
 * @internal
 */
export class WebSocketLink implements MessageLink {
  readonly flowControl: 'socket' | undefined;
  readonly #socket: WebSocketLike;
  readonly #scheduler: SchedulerLike;
  #receiver: MessageLinkReceiver | undefined;
  /** What was still waiting when it was last looked at; of `ws`, what it has not told of. */
  #seen = 0;
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
    return this.#tells ? this.#seen : this.#socket.bufferedAmount;
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
    this.#attempt(() => socket.send(message as string));
    if (this.#look === undefined && socket.bufferedAmount > 0) this.#lookAgain();
    this.#seen = socket.bufferedAmount;
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
    const cause = this.#error;
    const error =
      cause === undefined
        ? undefined
        : new WebSocketCloseError(code, reason, messageOf(code, cause), { cause });
    receiver?.closed({ code, reason, error });
  };

  #attempt(call: () => void): void {
    try {
      call();
    } catch (error) {
      const receiver = this.#receiver;
      this.abort(4000, '');
      receiver?.closed({ error });
    }
  }

  // Only `ws` tells, and its `bufferedAmount` counts the heads of frames as well.
  #onSent(length: number): void {
    this.#seen -= length;
    this.#receiver?.sent();
  }

  #lookAgain(): void {
    this.#look = this.#scheduler.schedule(() => {
      this.#look = undefined;
      this.#tellSent();
      if (this.#receiver !== undefined && this.#socket.bufferedAmount > 0) this.#lookAgain();
    }, LOOK);
  }

  #tellSent(): void {
    if (this.#tells) return;
    const now = this.#socket.bufferedAmount;
    const fewer = now < this.#seen;
    this.#seen = now;
    if (fewer) this.#receiver?.sent();
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

function messageOf(code: number, cause: unknown): string {
  return `The WebSocket broke with code ${code}: ${cause instanceof Error ? cause.message : String(cause)}`;
}

function ignore(): void {
  // An error after an abort is nobody's business.
}
