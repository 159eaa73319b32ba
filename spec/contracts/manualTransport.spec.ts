import { connectionReset } from '../../src/streams/errors.js';
import type { Data } from '../../src/bytes/Separator.js';
import type { TransportReceiver } from '../../src/streams/Transport.js';
import { ManualTransport } from '../../src/testing/ManualTransport.js';
import { contractSpecs } from './contractSpecs.js';

const PIECE = 65536;

/** The transport under marbles, played by another one of its kind: what one end writes the other one receives. */
class JoinedTransport extends ManualTransport {
  static pair(): [JoinedTransport, JoinedTransport] {
    const [one, other] = [new JoinedTransport(), new JoinedTransport()];
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }

  #peer!: JoinedTransport;
  #gone = false;

  constructor() {
    super({ holdWrites: true });
  }

  override start(receiver: TransportReceiver): void {
    super.start({
      data: (chunk) => {
        try {
          receiver.data(chunk);
        } finally {
          this.#peer.#settle();
        }
      },
      eof: () => receiver.eof(),
      flushed: () => receiver.flushed(),
      closed: (error) => {
        this.#gone = true;
        try {
          receiver.closed(error);
        } finally {
          this.#peer.#settle();
        }
      },
    });
    this.#peer.#settle();
  }

  override write(data: Data): void {
    const before = this.writeQueueSize;
    super.write(data);
    if (this.writeQueueSize === before) return;
    if (!this.#peer.#gone) this.#peer.receive(...pieces(data));
    this.#settle();
  }

  override writeEof(): void {
    super.writeEof();
    this.#peer.receiveEof();
  }

  override resume(): void {
    super.resume();
    this.#peer.#settle();
  }

  override close(): void {
    super.close();
    this.#peer.receiveEof();
    this.#peer.#settle();
  }

  override abort(reason?: unknown): void {
    super.abort(reason);
    this.#peer.lose(connectionReset());
  }

  // What the peer has taken is sent; what it will never take is lost.
  #settle(): void {
    if (this.#gone) return;
    if (this.#peer.#gone && this.writeQueueSize > 0) this.lose(connectionReset());
    else if (this.writeQueueSize > this.#peer.waiting) this.drain(this.writeQueueSize - this.#peer.waiting);
  }
}

// As a network would cut it: so the peer takes a long write step by step.
function pieces(data: Data): Data[] {
  if (typeof data === 'string') return [data];
  const count = Math.ceil(data.length / PIECE);
  return Array.from({ length: count }, (_, i) => data.subarray(i * PIECE, (i + 1) * PIECE));
}

contractSpecs('ManualTransport', () => JoinedTransport.pair(), { reportsThrows: true });
