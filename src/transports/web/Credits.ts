import { FlowControlError } from '../../streams/errors.js';
import { CREDIT_PROTOCOL } from './creditProtocol.js';
import type { Message } from './MessageLink.js';

/** What a message costs besides its length: a queue of tiny ones needs memory as well. */
const COST = 64;
/** So many bytes are taken before the peer is told: a few bytes for each 64 KiB. */
const STEP = 65536;
/** More than any window; numbers stay exact. */
const MOST = 2 ** 40;

/**
 * The credits of one end: how much the peer still takes of what is sent, and how much it may still send. Plain arithmetic;
 * whoever holds it sends and receives.
 *
 * Each message costs its length (bytes, or UTF-16 units of a text) and 64. It may be sent while the credit is above 0,
 * whatever it costs. Each end begins with a grant, before anything else, and grants again what it has handed on.
 *
 * @internal
 */
export class Credits {
  /** What this end may still send. */
  #credit = 0;
  /** What the peer may still send. */
  #granted: number;
  /** What was handed on since the last grant. */
  #taken = 0;
  readonly #step: number;
  #greeted = false;

  /** @param window the cost of what may wait here unread */
  constructor(readonly window: number) {
    this.#granted = window;
    this.#step = Math.min(STEP, Math.ceil(window / 4));
  }

  /** The first message of all. */
  get greeting(): string {
    return `+${this.window}`;
  }

  get maySend(): boolean {
    return this.#credit > 0;
  }

  sent(message: Message): void {
    this.#credit -= message.length + COST;
  }

  /** A grant of the peer: `+N`. */
  grant(text: string): void {
    const grant = /^\+[0-9]{1,13}$/.test(text) ? Number(text.slice(1)) : NaN;
    if (!(grant > 0 && this.#credit + grant <= MOST)) {
      throw new FlowControlError(`The peer grants ${JSON.stringify(text.slice(0, 20))}, which is no credit`);
    }
    this.#greeted = true;
    this.#credit += grant;
  }

  /** Anything but a grant has come. */
  checkGreeted(): void {
    if (this.#greeted) return;
    throw new FlowControlError(
      `The peer accepted the subprotocol ${CREDIT_PROTOCOL} and does not speak it: its first message is no grant`,
    );
  }

  /** A message of the peer has come: throws if it may not have. */
  received(message: Message): void {
    if (this.#granted <= 0) {
      throw new FlowControlError(
        `The peer sent ${message.length} bytes without credit: ${this.window} may wait here unread`,
      );
    }
    this.#granted -= message.length + COST;
  }

  /** A message was handed on. Returns the grant to be sent, if one is due. */
  taken(message: Message): string | undefined {
    this.#taken += message.length + COST;
    if (this.#taken < this.#step) return undefined;
    const grant = this.#taken;
    this.#granted += grant;
    this.#taken = 0;
    return `+${grant}`;
  }
}
