import { reportError } from '../streams/reportError.js';
import type { TransportReceiver } from '../streams/Transport.js';

/**
 * A receiver whose errors end here: what it throws is reported, and the transport goes on as if it had returned.
 *
 * Whoever made the transport call it (a peer that writes, a timer, a test) is not to blame for what it throws, and the
 * transport has more to do after the call.
 *
 * @internal
 */
export class GuardedReceiver implements TransportReceiver {
  readonly #receiver: TransportReceiver;

  constructor(receiver: TransportReceiver) {
    this.#receiver = receiver;
  }

  data(chunk: Uint8Array): void {
    try {
      this.#receiver.data(chunk);
    } catch (error) {
      reportError(error);
    }
  }

  eof(): void {
    try {
      this.#receiver.eof();
    } catch (error) {
      reportError(error);
    }
  }

  flushed(): void {
    try {
      this.#receiver.flushed();
    } catch (error) {
      reportError(error);
    }
  }

  closed(cause?: unknown): void {
    try {
      this.#receiver.closed(cause);
    } catch (error) {
      reportError(error);
    }
  }
}
