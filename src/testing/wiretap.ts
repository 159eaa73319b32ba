import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { ByteQueue } from '../bytes/ByteQueue.js';
import type { Data } from '../bytes/Separator.js';
import { copyBytes } from '../bytes/text.js';
import { messages } from '../decoders/messages.js';
import { reportError } from '../streams/reportError.js';
import type { Transport, TransportReceiver } from '../streams/Transport.js';
import { Recording, type WireEvent } from './Recording.js';
import { showValue } from './showValue.js';
import { TransportWrapper } from '../streams/TransportWrapper.js';

/** Options of {@link wiretap}. */
export interface WiretapOptions {
  /** Where the times come from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
}

/**
 * Listens in on a connection: give what it returns to a connection as its `wrap` option.
 *
 * ```text
 * received      --a-----b--|        a = 220 ready, b = 250 ok
 * sent          ----x--------       x = EHLO me
 * the recording --a-x---b--e        received, sent, received, eof, each with its time in ms
 * ```
 *
 * In message mode each message is an event, with what was in it, and whether it was text.
 *
 * Everything passes through unchanged, and within the same call. Each event is told, or recorded, just before it is
 * passed on; its bytes are a copy. An error of the function is reported as RxJS does it, and changes nothing. Times are
 * milliseconds from the start of the connection, by the `scheduler`.
 *
 * A recording is meant for one connection: for those of a server make one for each,
 * `wrap: (transport) => wiretap(new Recording())(transport)`.
 *
 * @example
 * ```ts
 * import { manualConnection, Recording, wiretap } from 'rxjs-net/testing';
 *
 * const recording = new Recording();
 * const { reader, writer, transport } = manualConnection({ wrap: wiretap(recording) });
 * reader.readLine().subscribe((line) => writer.write(line));
 * transport.receive('hello\n');
 *
 * console.log(recording.events.map(({ type }) => type)); // [ 'received', 'sent' ]
 * ```
 */
export function wiretap(
  onEvent: ((event: WireEvent) => void) | Recording,
  options: WiretapOptions = {},
): (transport: Transport) => Transport {
  const { scheduler = asyncScheduler } = options;
  if (!(onEvent instanceof Recording) && typeof onEvent !== 'function') {
    throw new TypeError(`wiretap() takes a function or a Recording, not ${showValue(onEvent)}`);
  }
  const tell = onEvent instanceof Recording ? (event: WireEvent): void => onEvent.add(event) : onEvent;
  return (transport) => new TappedTransport(transport, tell, scheduler);
}

// What comes and goes is told in plain, also when it is encrypted below.
class TappedTransport extends TransportWrapper {
  readonly #incoming = new ByteQueue();
  readonly #messages = messages({ maxLength: 2 ** 32 })();
  readonly #onEvent: (event: WireEvent) => void;
  readonly #scheduler: SchedulerLike;
  #startedAt: number;

  constructor(transport: Transport, onEvent: (event: WireEvent) => void, scheduler: SchedulerLike) {
    super(transport);
    this.#onEvent = onEvent;
    this.#scheduler = scheduler;
    this.#startedAt = scheduler.now();
  }

  override start(receiver: TransportReceiver): void {
    this.#startedAt = this.#scheduler.now();
    super.start({
      data: (chunk) => {
        this.#tellReceived(chunk);
        receiver.data(chunk);
      },
      eof: () => {
        this.#tell('eof');
        receiver.eof();
      },
      flushed: () => receiver.flushed(),
      closed: (error) => {
        this.#tell('closed', error === undefined ? {} : { error });
        receiver.closed(error);
      },
    });
  }

  override write(data: Data): void {
    this.#tell('sent', this.messages ? messageOf(data) : { data: copyBytes(data) });
    super.write(data);
  }

  override writeEof(): void {
    this.#tell('writeEof');
    super.writeEof();
  }

  override pause(): void {
    this.#tell('pause');
    super.pause();
  }

  override resume(): void {
    this.#tell('resume');
    super.resume();
  }

  override close(): void {
    this.#tell('close');
    super.close();
  }

  override abort(reason?: unknown): void {
    this.#tell('abort', reason === undefined ? {} : { error: reason });
    super.abort(reason);
  }

  #tellReceived(chunk: Uint8Array): void {
    if (!this.messages) {
      this.#tell('received', { data: Uint8Array.from(chunk) });
      return;
    }
    const incoming = this.#incoming;
    incoming.push(chunk);
    for (
      let message = this.#messages.decode(incoming);
      message !== undefined;
      message = this.#messages.decode(incoming)
    )
      this.#tell('received', messageOf(message));
  }

  // Whoever listens changes nothing, by throwing neither.
  #tell(type: WireEvent['type'], more: Pick<WireEvent, 'data' | 'message' | 'error'> = {}): void {
    try {
      this.#onEvent({ at: this.#scheduler.now() - this.#startedAt, type, ...more });
    } catch (error) {
      reportError(error);
    }
  }
}

function messageOf(data: Data): Pick<WireEvent, 'data' | 'message'> {
  return { data: copyBytes(data), message: typeof data === 'string' ? 'text' : 'binary' };
}
