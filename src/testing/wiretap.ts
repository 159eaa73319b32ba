import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { Data } from '../bytes/Separator.js';
import { copyBytes } from '../bytes/text.js';
import type { Transport, TransportReceiver } from '../streams/Transport.js';
import { Recording, type WireEvent } from './Recording.js';

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
 * Everything passes through unchanged, and within the same call. Each event is told, or recorded, just before it is
 * passed on; its bytes are a copy. Times are milliseconds from the start of the connection, by the `scheduler`.
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
  const tell = onEvent instanceof Recording ? (event: WireEvent): void => onEvent.add(event) : onEvent;
  return (transport) => new TappedTransport(transport, tell, scheduler);
}

class TappedTransport implements Transport {
  readonly startTls?: NonNullable<Transport['startTls']>;
  readonly #transport: Transport;
  readonly #onEvent: (event: WireEvent) => void;
  readonly #scheduler: SchedulerLike;
  #startedAt: number;

  constructor(transport: Transport, onEvent: (event: WireEvent) => void, scheduler: SchedulerLike) {
    this.#transport = transport;
    this.#onEvent = onEvent;
    this.#scheduler = scheduler;
    this.#startedAt = scheduler.now();
    // What comes and goes is told in plain, also when it is encrypted below.
    if (transport.startTls !== undefined) this.startTls = (options) => transport.startTls!(options);
  }

  get writeQueueSize(): number {
    return this.#transport.writeQueueSize;
  }

  get canWriteEof(): boolean {
    return this.#transport.canWriteEof;
  }

  start(receiver: TransportReceiver): void {
    this.#startedAt = this.#scheduler.now();
    this.#transport.start({
      data: (chunk) => {
        this.#tell('received', { data: Uint8Array.from(chunk) });
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

  write(data: Data): void {
    this.#tell('sent', { data: copyBytes(data) });
    this.#transport.write(data);
  }

  writeEof(): void {
    this.#tell('writeEof');
    this.#transport.writeEof();
  }

  pause(): void {
    this.#tell('pause');
    this.#transport.pause();
  }

  resume(): void {
    this.#tell('resume');
    this.#transport.resume();
  }

  close(): void {
    this.#tell('close');
    this.#transport.close();
  }

  abort(reason?: unknown): void {
    this.#tell('abort', reason === undefined ? {} : { error: reason });
    this.#transport.abort(reason);
  }

  getExtraInfo(name: string): unknown {
    return this.#transport.getExtraInfo(name);
  }

  #tell(type: WireEvent['type'], more: Pick<WireEvent, 'data' | 'error'> = {}): void {
    this.#onEvent({ at: this.#scheduler.now() - this.#startedAt, type, ...more });
  }
}
