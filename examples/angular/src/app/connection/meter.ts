import type { Data, Transport, TransportReceiver } from 'rxjs-net';

/** What has crossed a connection, and whether it is paused: give `meter.wrap` to the connection as its option `wrap`. */
export class Meter {
  #receivedBefore = 0;
  #sentBefore = 0;
  #transport: MeteredTransport | undefined;

  readonly wrap = (transport: Transport): Transport => {
    this.#receivedBefore = this.received;
    this.#sentBefore = this.sent;
    this.#transport = new MeteredTransport(transport);
    return this.#transport;
  };

  /** Bytes that have come, on all connections together. */
  get received(): number {
    return this.#receivedBefore + (this.#transport?.received ?? 0);
  }

  /** Bytes that were handed over to the browser, on all connections together. */
  get sent(): number {
    return this.#sentBefore + (this.#transport?.sent ?? 0);
  }

  /** Bytes that were written and wait for room. */
  get waiting(): number {
    return this.#transport?.writeQueueSize ?? 0;
  }

  /** Whether the reader has stopped its peer, as nobody takes what has come. */
  get readerPaused(): boolean {
    return this.#transport?.state === 'paused';
  }
}

/** A transport that hands everything on to another one, and counts. */
class MeteredTransport implements Transport {
  received = 0;
  sent = 0;
  state: 'flowing' | 'paused' | 'closed' = 'flowing';
  readonly #inner: Transport;
  #written = 0;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  get writeQueueSize(): number {
    return this.#inner.writeQueueSize;
  }

  get canWriteEof(): boolean {
    return this.#inner.canWriteEof;
  }

  start(receiver: TransportReceiver): void {
    this.#inner.start({
      data: (chunk) => {
        this.received += chunk.length;
        receiver.data(chunk);
      },
      eof: () => receiver.eof(),
      flushed: () => {
        this.#countSent();
        receiver.flushed();
      },
      closed: (error) => {
        // What waits now is not sent any more: nothing is counted.
        this.state = 'closed';
        receiver.closed(error);
      },
    });
  }

  write(data: Data): void {
    this.#written += typeof data === 'string' ? new TextEncoder().encode(data).length : data.length;
    this.#inner.write(data);
    if (this.state !== 'closed') this.#countSent();
  }

  writeEof(): void {
    this.#inner.writeEof();
  }

  pause(): void {
    this.state = 'paused';
    this.#inner.pause();
  }

  resume(): void {
    this.state = 'flowing';
    this.#inner.resume();
  }

  close(): void {
    this.#inner.close();
  }

  abort(reason?: unknown): void {
    this.#inner.abort(reason);
  }

  getExtraInfo(name: string): unknown {
    return this.#inner.getExtraInfo(name);
  }

  #countSent(): void {
    this.sent = this.#written - this.#inner.writeQueueSize;
  }
}
