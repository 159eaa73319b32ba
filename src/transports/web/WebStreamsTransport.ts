import type { Data } from '../../bytes/Separator.js';
import { encodeText } from '../../bytes/text.js';
import { reportError } from '../../streams/reportError.js';
import type { Transport, TransportReceiver } from '../../streams/Transport.js';
import { GuardedReceiver } from '../GuardedReceiver.js';
import { BytesReader } from './BytesReader.js';
import { HalfCloseWriter } from './HalfCloseWriter.js';
import { ReadablePump } from './ReadablePump.js';
import { takeBytes } from './takeBytes.js';
import { checkWebStreams, closeWebStreams, type WebStreams, type WritableBytes } from './WebStreams.js';
import { WritablePump, type ChunkWriter } from './WritablePump.js';

/**
 * Carries a connection on a WHATWG `ReadableStream` and `WritableStream`, or on one of them.
 *
 * | phase     | write, writeEof | pause, resume | data, end | close     | abort  | the readable breaks | the writable breaks       |
 * | --------- | --------------- | ------------- | --------- | --------- | ------ | ------------------- | ------------------------- |
 * | `open`    | queued, sent    | done          | delivered | `closing` | `gone` | lost: `gone`        | lost: `gone`; or see below |
 * | `closing` | –               | –             | dropped   | –         | `gone` | –                   | lost: `gone`              |
 * | `gone`    | –               | –             | –         | –         | –      | –                   | –                         |
 *
 * `open` leads to `gone`, too, when both directions have ended, and `closing` when all has been sent; and both when the
 * promise `closed` of the source rejects. In `gone` neither stream is locked.
 *
 * A writable that breaks while nothing waits to be sent is no loss yet: beside a readable it is how a peer says that it wants
 * no more, as one does that has closed, and what it sent before is still to be read. The next write loses the connection.
 */
export class WebStreamsTransport implements Transport {
  readonly canWriteEof = true;
  readonly #source: WebStreams;
  readonly #reading: ReadablePump<Uint8Array> | undefined;
  readonly #writing: WritablePump<Uint8Array> | undefined;
  #phase: 'open' | 'closing' | 'gone' = 'open';
  #sending: 'open' | 'ended' = 'open';
  #written = 0;
  #receiver: TransportReceiver | undefined;
  /** Why it ends, once that is known. */
  #error: unknown;
  /** What broke the writable, while that is no loss yet: it is one as soon as something is to be sent. */
  #broken: unknown;
  /** What `closed` holds of it: that may be the promise of a session, which lives much longer. */
  readonly #watch: Watch = { onRejected: (error) => this.#lose(error) };

  /** @param onReadableError told of an error of the readable that another readable has made good; default: as RxJS reports errors */
  constructor(source: WebStreams, onReadableError: (error: unknown) => void = reportError) {
    checkWebStreams(source);
    const { readable, writable, closed } = source;
    this.#source = source;
    if (!writable) {
      this.#sending = 'ended';
    } else {
      this.#writing = new WritablePump(
        writerOf(source, writable),
        {
          flushed: () => this.#receiver?.flushed(),
          closed: () => this.#sent(),
          failed: (error, pending) => this.#writableFailed(error, pending),
        },
        takeBytes,
      );
    }
    if (readable) {
      this.#reading = new ReadablePump(new BytesReader(source, readable, onReadableError), {
        chunk: (chunk) => this.#received(chunk),
        ended: () => this.#ended(),
        failed: (error) => this.#readableFailed(error),
      });
    }
    if (closed !== undefined) tellRejection(closed, this.#watch);
  }

  get bytesWritten(): number {
    return this.#written;
  }

  get writeQueueSize(): number {
    return this.#is('gone') ? 0 : (this.#writing?.queuedBytes ?? 0);
  }

  start(receiver: TransportReceiver): void {
    this.#receiver = new GuardedReceiver(receiver);
    if (this.#is('gone')) {
      this.#receiver.closed(this.#error);
    } else if (this.#reading === undefined) {
      this.#ended();
    } else {
      this.#reading.resume();
    }
  }

  /** @throws `TypeError` when the source has no writable */
  write(data: Data): void {
    if (!this.#is('open')) return;
    if (this.#writing === undefined)
      throw new TypeError('Nothing can be written: the source of this connection has no writable');
    const bytes = typeof data === 'string' ? encodeText(data) : data;
    this.#written += bytes.length;
    if (this.#broken !== undefined) this.#lose(this.#broken);
    else this.#writing.write(bytes, bytes.length);
  }

  writeEof(): void {
    if (!this.#is('open')) return;
    this.#sending = 'ended';
    this.#writing?.close();
    this.#settle();
  }

  pause(): void {
    if (this.#is('open')) this.#reading?.pause();
  }

  resume(): void {
    if (this.#is('open')) this.#reading?.resume();
  }

  close(): void {
    if (!this.#is('open')) return;
    this.#phase = 'closing';
    this.#writing?.close();
    // Without anything to be sent it is done. Else what comes meanwhile is dropped: a peer that can send nothing may not
    // come to receiving either.
    if (this.#hasSent) this.#finish();
    else this.#reading?.resume();
  }

  abort(reason?: unknown): void {
    if (this.#is('gone')) return;
    this.#error = reason;
    this.#finish();
  }

  getExtraInfo(name: string): unknown {
    if (name === 'socket') return this.#source;
    return name === 'flowControl' ? 'stream' : undefined;
  }

  #received(chunk: Uint8Array): void {
    if (this.#is('open') && chunk.length > 0) this.#receiver!.data(chunk);
  }

  #ended(): void {
    if (!this.#is('open')) return;
    this.#receiver!.eof();
    this.#settle();
  }

  #readableFailed(error: unknown): void {
    // What was dropped anyway is missed by nobody.
    if (this.#is('open')) this.#lose(error);
  }

  #sent(): void {
    if (this.#is('closing')) this.#finish();
    else this.#settle();
  }

  #writableFailed(error: unknown, pending: boolean): void {
    if (pending || this.#reading === undefined) this.#lose(error);
    else if (this.#is('closing')) this.#finish();
    else this.#broken = reasonOf(error);
    this.#settle();
  }

  #settle(): void {
    if (this.#is('open') && this.#sending === 'ended' && this.#hasSent && this.#hasReceived) this.#finish();
  }

  #lose(error: unknown): void {
    if (this.#is('gone')) return;
    this.#error ??= reasonOf(error);
    // What was read and kept for the end of a pause has been received.
    this.#reading?.resume();
    this.#finish();
  }

  #finish(): void {
    if (this.#is('gone')) return;
    this.#phase = 'gone';
    this.#watch.onRejected = undefined;
    this.#writing?.abort(this.#error);
    this.#reading?.cancel(this.#error);
    closeWebStreams(this.#source);
    this.#receiver?.closed(this.#error);
  }

  get #hasReceived(): boolean {
    return this.#reading?.isOver ?? true;
  }

  get #hasSent(): boolean {
    return this.#writing?.isOver ?? true;
  }

  #is(phase: 'open' | 'closing' | 'gone'): boolean {
    return this.#phase === phase;
  }
}

function writerOf(source: WebStreams, writable: WritableBytes): ChunkWriter<Uint8Array> {
  const writer: ChunkWriter<Uint8Array> = writable.getWriter();
  return source.closeWrite === undefined ? writer : new HalfCloseWriter(writer, () => source.closeWrite?.());
}

interface Watch {
  onRejected: ((error: unknown) => void) | undefined;
}

function tellRejection(closed: PromiseLike<unknown>, watch: Watch): void {
  Promise.resolve(closed).catch((error: unknown) => watch.onRejected?.(error));
}

/** A loss needs a cause: a peer that aborts does not have to give a reason. */
function reasonOf(error: unknown): unknown {
  return error ?? new Error('The stream broke, and no reason was given');
}
