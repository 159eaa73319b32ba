import type { SchedulerLike } from 'rxjs';
import { connectionReset } from '../streams/errors.js';
import type { Chaos } from './chaos.js';

/** What a line asks of the ends that it joins, and tells them. @internal */
export interface NetworkEnd {
  readonly state: 'open' | 'closing' | 'closed';
  readonly takes: boolean;
  readonly writeQueueSize: number;
  receive(piece: Uint8Array): void;
  receiveEof(): void;
  /** There is room on the line again. */
  refill(): void;
  eofArrived(): void;
  closeWhenEnded(): void;
  lose(error: unknown): void;
}

/** @internal */
export interface NetworkTraits {
  latency: number;
  bandwidth: number;
  chunkSize: number;
  window: number;
  chaos: Chaos | undefined;
  scheduler: SchedulerLike;
}

/** What a line asks of the network. @internal */
export interface NetworkClock {
  readonly traits: NetworkTraits;
  readonly takesTime: boolean;
  now(): number;
  nextOrder(): number;
}

// Without bytes it is the end of the stream.
interface UnderWay {
  bytes: Uint8Array | undefined;
  readonly due: number;
  readonly order: number;
}

/** One direction: what has left the one end and has not reached the other. @internal */
export class NetworkLine {
  from!: NetworkEnd;
  to!: NetworkEnd;
  back!: NetworkLine;
  readonly #network: NetworkClock;
  #items: UnderWay[] = [];
  #first = 0;
  #bytes = 0;
  #freeAt = -Infinity;
  #heldUntil = -Infinity;
  #delayed = false;
  #cut = false;
  #reset: { readonly due: number; readonly error: unknown } | undefined;

  constructor(network: NetworkClock) {
    this.#network = network;
  }

  get room(): number {
    return this.#network.traits.window - this.#bytes;
  }

  /** The place in the order of sending of what goes next. */
  get order(): number {
    return this.#items[this.#first]?.order ?? Infinity;
  }

  /** When the next thing can be delivered; never, until somebody takes it, is `Infinity`. */
  get readyAt(): number {
    return Math.min(this.#itemReadyAt, this.#reset?.due ?? Infinity);
  }

  get #itemReadyAt(): number {
    const item = this.#items[this.#first];
    return item === undefined || !this.to.takes ? Infinity : Math.max(item.due, this.#heldUntil);
  }

  send(bytes: Uint8Array | undefined): void {
    const { latency, bandwidth } = this.#network.traits;
    let due = -Infinity;
    if (this.#network.takesTime) {
      const length = bytes?.length ?? 0;
      this.#freeAt = Math.max(this.#freeAt, this.#network.now()) + (length * 1000) / bandwidth;
      due = this.#freeAt + latency;
    }
    this.#bytes += bytes?.length ?? 0;
    this.#items.push({ bytes, due, order: this.#network.nextOrder() });
  }

  /** After what will have arrived by then; the rest is lost. */
  sendReset(error: unknown): void {
    const { latency } = this.#network.traits;
    this.#reset ??= { due: this.#network.takesTime ? this.#network.now() + latency : -Infinity, error };
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
    this.#reset = undefined;
  }

  /** Delivers one thing. */
  deliver(reached: number): void {
    if (this.#reset !== undefined && this.#reset.due < this.#itemReadyAt) {
      const { error } = this.#reset;
      this.clear();
      this.to.lose(error);
    } else if (this.#items[this.#first]!.bytes !== undefined) {
      this.#deliverBytes(reached);
    } else {
      this.#drop();
      if (!this.#cut) this.to.receiveEof();
      this.from.eofArrived();
      this.to.closeWhenEnded();
    }
  }

  #deliverBytes(reached: number): void {
    const { chaos } = this.#network.traits;
    if (chaos === undefined || this.to.state !== 'open' || this.#cut) {
      this.#deliverPiece(this.#take(this.#available(reached)));
      return;
    }
    if (!this.#delayed) {
      const delay = chaos.delay();
      if (delay > 0) {
        this.#delayed = true;
        this.#heldUntil = reached + delay;
        return;
      }
    }
    this.#delayed = false;
    const fate = chaos.fate();
    if (fate === 'reset') {
      const error = connectionReset(`, by ${chaos.replay}`);
      this.clear();
      this.back.clear();
      this.to.lose(error);
      this.from.lose(error);
    } else if (fate === 'halfClose') {
      this.#cut = true;
      this.to.receiveEof();
      this.to.closeWhenEnded();
    } else {
      const first = Math.min(this.#network.traits.chunkSize, this.#items[this.#first]!.bytes!.length);
      // Looking at all that waits costs too much to do it in vain for each piece.
      const available = chaos.resizes ? this.#available(reached) : first;
      this.#deliverPiece(this.#take(chaos.piece(first, available)));
    }
  }

  #deliverPiece(piece: Uint8Array): void {
    const { from, to } = this;
    this.#bytes -= piece.length;
    if (to.state === 'closed') {
      // As a kernel answers what comes for a socket that is gone. Whoever has closed too does not hear of it.
      if (from.state === 'open' || from.writeQueueSize > 0) this.back.sendReset(connectionReset());
    } else if (!this.#cut) {
      to.receive(piece);
    }
    from.refill();
  }

  // Only chaos joins what was sent apart.
  #available(reached: number): number {
    const { chaos, chunkSize } = this.#network.traits;
    let available = 0;
    for (let at = this.#first; at < this.#items.length && available < chunkSize; at++) {
      const { bytes, due } = this.#items[at]!;
      if (bytes === undefined || due > reached || (available > 0 && chaos === undefined)) break;
      available += bytes.length;
    }
    return Math.min(available, chunkSize);
  }

  #take(length: number): Uint8Array {
    const first = this.#takeOfFirst(length);
    if (first.length === length) return first;
    const joined = new Uint8Array(length);
    joined.set(first);
    for (let at = first.length; at < length;) {
      const part = this.#takeOfFirst(length - at);
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  #takeOfFirst(most: number): Uint8Array {
    const item = this.#items[this.#first]!;
    const bytes = item.bytes!;
    if (bytes.length > most) item.bytes = bytes.subarray(most);
    else this.#drop();
    return bytes.subarray(0, most);
  }

  // shift() would move all of a long array, once for each byte of a trickle.
  #drop(): void {
    this.#first++;
    if (this.#first < 1000 || this.#first * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}
