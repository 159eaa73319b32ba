import type { Data, Transport, TransportReceiver } from '../../src/index.js';

/** A transport that does nothing by itself: it writes down what it is asked, and the spec calls its receiver. */
export class BareTransport implements Transport {
  readonly asked: unknown[] = [];
  receiver!: TransportReceiver;
  writeQueueSize = 0;
  canWriteEof = true;

  start(receiver: TransportReceiver): void {
    this.receiver = receiver;
  }

  write(data: Data): void {
    this.asked.push(['write', data]);
  }

  writeEof(): void {
    this.asked.push('writeEof');
  }

  pause(): void {
    this.asked.push('pause');
  }

  resume(): void {
    this.asked.push('resume');
  }

  close(): void {
    this.asked.push('close');
  }

  abort(reason?: unknown): void {
    this.asked.push(['abort', reason]);
  }

  getExtraInfo(): undefined {
    return undefined;
  }
}
