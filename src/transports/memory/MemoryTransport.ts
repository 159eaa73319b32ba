import { Queue } from '../../bytes/Queue.js';
import type { Data } from '../../bytes/Separator.js';
import { copyBytes } from '../../bytes/text.js';
import { connectionReset } from '../../streams/errors.js';
import { Reentrant } from '../../streams/Reentrant.js';
import type { Transport, TransportReceiver } from '../../streams/Transport.js';
import { GuardedReceiver } from '../GuardedReceiver.js';

/** Bytes delivered at once at most: what is written in one piece is taken step by step too, and its progress is seen. */
const PIECE = 65536;

/**
 * One end of a connection inside the process: what is written to one end arrives at the other within the call, as
 * long as that one takes it; what it does not take waits here. As `socketpair()`, without a kernel.
 *
 * | phase     | the peer's data            | write, writeEof | close         | abort  | it leaves the phase when             |
 * | --------- | -------------------------- | --------------- | ------------- | ------ | ------------------------------------ |
 * | `open`    | is delivered unless paused | queue           | `closing`     | resets | both directions have ended: `closed` |
 * | `closing` | is dropped                 | do nothing      | does nothing  | resets | the peer has taken the end: `closed` |
 * | `closed`  | resets the peer            | do nothing      | does nothing  | does nothing | never                          |
 */
export class MemoryTransport implements Transport {
  /** Two ends, connected. */
  static pair(): [MemoryTransport, MemoryTransport] {
    const one = new MemoryTransport();
    const other = new MemoryTransport();
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }

  readonly canWriteEof = true;
  #peer!: MemoryTransport;
  #receiver: TransportReceiver | undefined;
  #phase: 'open' | 'closing' | 'closed' = 'open';
  #sending: 'open' | 'ending' | 'ended' = 'open';
  #paused = false;
  #queue = new Queue<Uint8Array>();
  #queued = 0;
  #written = 0;
  // The queue is shorter than the receiver was told.
  #shorter = false;
  #error: unknown;
  readonly #delivery = new Reentrant(() => this.#deliver());

  private constructor() {}

  get writeQueueSize(): number {
    return this.#queued;
  }

  get bytesWritten(): number {
    return this.#written;
  }

  start(receiver: TransportReceiver): void {
    const guarded = new GuardedReceiver(receiver);
    if (this.#phase === 'closed') {
      guarded.closed(this.#error);
      return;
    }
    this.#receiver = guarded;
    this.#peer.#delivery.run();
  }

  write(data: Data): void {
    if (this.#phase !== 'open' || this.#sending !== 'open') return;
    if (this.#peer.#phase === 'closed') {
      this.#close(connectionReset());
      return;
    }
    // A copy, as the receiver keeps the chunk and the writer may go on using its own.
    const chunk = copyBytes(data);
    for (let at = 0; at < chunk.length; at += PIECE) this.#queue.push(chunk.subarray(at, at + PIECE));
    this.#queued += chunk.length;
    this.#written += chunk.length;
    this.#delivery.run();
  }

  writeEof(): void {
    if (this.#sending === 'open') this.#sending = 'ending';
    this.#delivery.run();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#peer.#delivery.run();
  }

  close(): void {
    if (this.#phase !== 'open') return;
    // From now on this end takes nothing; what the other one still sends is lost, as it is on a closed socket.
    this.#phase = 'closing';
    this.writeEof();
    this.#peer.#delivery.run();
  }

  abort(reason?: unknown): void {
    if (this.#phase === 'closed') return;
    this.#close(reason);
    this.#peer.#close(connectionReset());
  }

  getExtraInfo(): undefined {
    return undefined;
  }

  #deliver(): void {
    if (this.#phase === 'closed') return;
    const peer = this.#peer;
    while (this.#queue.length > 0 && peer.#takes) {
      const piece = this.#queue.shift()!;
      this.#queued -= piece.length;
      this.#shorter = true;
      if (peer.#phase === 'open') peer.#receiver!.data(piece);
    }
    if (this.#sending === 'ending' && this.#queue.length === 0 && peer.#takes) {
      this.#sending = 'ended';
      if (peer.#phase === 'open') peer.#receiver!.eof();
    }
    if (this.#shorter) {
      this.#shorter = false;
      this.#receiver?.flushed();
    }
    const sent = this.#sending === 'ended';
    const gone = peer.#phase === 'closed';
    if (gone && this.#queue.length > 0) {
      this.#close(connectionReset());
    } else if (this.#phase === 'closing' ? sent || gone : sent && peer.#sending === 'ended') {
      this.#close();
    }
  }

  get #takes(): boolean {
    if (this.#phase === 'closed' || this.#receiver === undefined) return false;
    return !this.#paused || this.#phase === 'closing';
  }

  #close(error?: unknown): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#error = error;
    this.#queue = new Queue();
    this.#queued = 0;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.closed(error);
    // What the other end still holds for this one will never be taken.
    this.#peer.#delivery.run();
  }
}
