import type { WebSocket } from 'ws';
import { Queue } from '../../bytes/Queue.js';
import type { Message } from '../web/MessageLink.js';

/** Bytes that `ws` has at a time. A larger message goes in so many fragments, so that its progress shows. */
const SLICE = 131072;

/** A message, or a fragment of one. */
interface Piece {
  readonly data: Message;
  /** What it had when it was added: memory can be taken away meanwhile. */
  readonly size: number;
  readonly binary: boolean;
  readonly fin: boolean;
}

/**
 * The messages that were sent and that the system has not taken yet. `ws` has few of them at a time: all the rest can still be
 * dropped, and a ping need not wait behind it.
 *
 * @internal
 */
export class OutgoingMessages {
  readonly #waiting = new Queue<Piece>();
  readonly #inFlight = new Queue<Piece>();
  #bytesInFlight = 0;
  #size = 0;
  readonly #taken: (changed?: Error) => void;

  /** @param taken called when the system has a piece; with an error when that was not what was sent */
  constructor(taken: (changed?: Error) => void) {
    this.#taken = taken;
  }

  /** Bytes that the system has not taken. */
  get size(): number {
    return this.#size;
  }

  /** Whether anything is left to be handed on. */
  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#inFlight.length === 0;
  }

  add(message: Message): void {
    const binary = typeof message !== 'string';
    const size = binary ? message.length : Buffer.byteLength(message);
    this.#size += size;
    if (size <= SLICE) {
      this.#waiting.push({ data: message, size, binary, fin: true });
      return;
    }
    const bytes = binary ? message : Buffer.from(message);
    for (let at = 0; at < size; at += SLICE) {
      const data = bytes.subarray(at, at + SLICE);
      this.#waiting.push({ data, size: data.length, binary, fin: at + SLICE >= size });
    }
  }

  /** Hands on what may be handed on, and returns how many bytes that were. Throws when memory was taken away. */
  sendTo(ws: WebSocket): number {
    const before = this.#bytesInFlight;
    while (this.#waiting.length > 0 && this.#bytesInFlight < SLICE) {
      const piece = this.#waiting.shift()!;
      const changed = changeOf(piece);
      if (changed !== undefined) throw changed;
      this.#inFlight.push(piece);
      this.#bytesInFlight += piece.size;
      ws.send(piece.data, { binary: piece.binary, fin: piece.fin }, this.#onSent);
    }
    return this.#bytesInFlight - before;
  }

  // In the order in which they were sent.
  readonly #onSent = (error?: Error | null): void => {
    // A failed one belongs to a WebSocket that is about to be closed.
    if (error) return;
    const piece = this.#inFlight.shift()!;
    this.#bytesInFlight -= piece.size;
    this.#size -= piece.size;
    this.#taken(changeOf(piece));
  };
}

function changeOf({ data, size }: Piece): Error | undefined {
  if (typeof data === 'string' || data.length === size) return undefined;
  return new Error(
    `Of ${size} bytes that were sent ${data.length} are left: their memory was transferred or resized before they were sent`,
  );
}
