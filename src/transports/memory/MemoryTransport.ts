import { connectionReset } from '../../streams/errors.js';
import type { Data } from '../../bytes/Separator.js';
import { copyBytes } from '../../bytes/text.js';
import type { Transport, TransportReceiver } from '../../streams/Transport.js';

/**
 * One end of a connection inside the process: what is written to one end arrives at the other within the call, as
 * long as that one takes it; what it does not take waits here. As `socketpair()`, without a kernel.
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
  #paused = false;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #eof: 'no' | 'queued' | 'sent' = 'no';
  #closing = false;
  #closed = false;
  #error: unknown;
  #flushing = false;

  private constructor() {}

  get writeQueueSize(): number {
    return this.#queued;
  }

  start(receiver: TransportReceiver): void {
    if (this.#closed) {
      receiver.closed(this.#error);
      return;
    }
    this.#receiver = receiver;
    this.#peer.#flush();
  }

  write(data: Data): void {
    if (this.#closed) return;
    if (this.#peer.#closed) {
      this.#close(connectionReset());
      return;
    }
    // A copy, as the receiver keeps the chunk and the writer may go on using its own.
    const chunk = copyBytes(data);
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    this.#flush();
  }

  writeEof(): void {
    if (this.#eof === 'no') this.#eof = 'queued';
    this.#flush();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#peer.#flush();
  }

  close(): void {
    if (this.#closing) return;
    // From now on this end takes nothing; what the other one still sends is lost, as it is on a closed socket.
    this.#closing = true;
    this.writeEof();
    this.#peer.#flush();
  }

  abort(reason?: unknown): void {
    if (this.#closed) return;
    this.#close(reason);
    this.#peer.#close(connectionReset());
  }

  getExtraInfo(): undefined {
    return undefined;
  }

  #flush(): void {
    // A receiver that writes back, resumes or closes inside `data` comes here again: the outermost call does it all.
    if (this.#flushing || this.#closed) return;
    this.#flushing = true;
    const peer = this.#peer;
    let shorter = false;
    while (this.#queue.length > 0 && peer.#takes()) {
      const chunk = this.#queue.shift()!;
      this.#queued -= chunk.length;
      shorter = true;
      if (!peer.#closing) peer.#receiver!.data(chunk);
    }
    if (this.#eof === 'queued' && this.#queue.length === 0 && peer.#takes()) {
      this.#eof = 'sent';
      if (!peer.#closing) peer.#receiver!.eof();
    }
    this.#flushing = false;
    if (shorter) this.#receiver?.flushed();
    const sent = this.#eof === 'sent';
    if (peer.#closed && this.#queue.length > 0) {
      this.#close(connectionReset());
    } else if (this.#closing ? sent || peer.#closed : sent && peer.#eof === 'sent') {
      this.#close();
    }
  }

  #takes(): boolean {
    return !this.#closed && this.#receiver !== undefined && (!this.#paused || this.#closing);
  }

  #close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#queue = [];
    this.#queued = 0;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.closed(error);
    // What the other end still holds for this one will never be taken.
    this.#peer.#flush();
  }
}
