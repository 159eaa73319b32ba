import type { Observable } from 'rxjs';
import { Connection, type ConnectionOptions } from '../../src/streams/Connection.js';
import type { Data } from '../../src/streams/Separator.js';
import type { Transport, TransportReceiver } from '../../src/streams/Transport.js';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** A transport played by hand: the spec says what arrives, and sees what the reader and the writer ask of it. */
export class FakeTransport implements Transport {
  readonly calls: string[] = [];
  canWriteEof = true;
  writeQueueSize = 0;
  receiver!: TransportReceiver;

  start(receiver: TransportReceiver): void {
    this.receiver = receiver;
  }
  write(data: Data): void {
    this.calls.push(`write ${typeof data === 'string' ? data : text(data)}`);
    this.writeQueueSize += data.length;
  }
  writeEof(): void {
    this.calls.push('writeEof');
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
  close(): void {
    this.calls.push('close');
  }
  abort(reason?: unknown): void {
    this.calls.push(reason === undefined ? 'abort' : `abort ${JSON.stringify(reason)}`);
  }
  getExtraInfo(name: string): unknown {
    return name === 'sockname' ? 'here' : undefined;
  }

  data(...chunks: string[]): void {
    for (const chunk of chunks) this.receiver.data(bytes(chunk));
  }
  /** The queue has come down to `size` bytes. */
  flushTo(size: number): void {
    this.writeQueueSize = size;
    this.receiver.flushed();
  }
  /** Plays chunks of text, the end of the stream, or, as an error, the loss of the connection. */
  play(incoming$: Observable<string>): void {
    incoming$.subscribe({
      next: (chunk) => this.data(chunk),
      error: (error: unknown) => this.receiver.closed(error),
      complete: () => this.receiver.eof(),
    });
  }
}

export function fakeConnection(options?: ConnectionOptions): Connection & { transport: FakeTransport } {
  const transport = new FakeTransport();
  return Object.assign(new Connection(transport, options), { transport });
}

/** What a stream has emitted so far, as one line a spec can compare: `a b |`, `a # ERR_…`. */
export function record<T>(
  source$: Observable<T>,
  show: (value: T) => string = String,
): { readonly log: string[] } {
  const log: string[] = [];
  source$.subscribe({
    next: (value) => log.push(value instanceof Uint8Array ? text(value) : show(value)),
    error: (error: unknown) => log.push(`# ${nameOf(error)}`),
    complete: () => log.push('|'),
  });
  return { log };
}

function nameOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.message;
  return JSON.stringify(error);
}
