import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Data } from '../streams/Separator.js';
import type { SocketAddress, Transport, TransportReceiver } from '../streams/Transport.js';

/** From this many bytes on a batch goes out within the tick: the kernel may as well begin. */
const BATCH = 16384;

const inUse = new WeakSet<Duplex>();

/** Carries a connection on a Node.js `Duplex`: a socket, a serial port, the two pipes of a child process. */
export class DuplexTransport implements Transport {
  readonly canWriteEof = true;
  readonly #duplex: Duplex;
  #receiver: TransportReceiver | undefined;
  // Written in this tick: strings that follow each other are joined, which costs less than a system call's vector.
  #batch: Data[] = [];
  #text = '';
  #textBytes = 0;
  #batched = 0;
  // As long as all text is ASCII, which Node hands on faster under this name.
  #encoding: 'latin1' | 'utf8' = 'latin1';
  // Handed to the duplex, not yet by it to the kernel.
  #inFlight = 0;
  #scheduled = false;
  #delivering = false;
  #closing = false;
  #closed = false;
  #error: unknown;
  #sockname: SocketAddress | undefined;

  constructor(duplex: Duplex) {
    checkDuplex(duplex);
    if (inUse.has(duplex)) throw new TypeError('This Duplex carries a connection already');
    inUse.add(duplex);
    this.#duplex = duplex;
    // The peer's end must not end our side: Node's default for sockets made elsewhere.
    duplex.allowHalfOpen = true;
  }

  get writeQueueSize(): number {
    return this.#batched + this.#inFlight;
  }

  start(receiver: TransportReceiver): void {
    const duplex = this.#duplex;
    this.#receiver = receiver;
    if (duplex instanceof Socket) {
      // Once the connection is gone Node knows the remote address only if it was asked before, the local not at all.
      this.getExtraInfo('peername');
      this.#sockname = address(duplex.localAddress, duplex.localFamily, duplex.localPort);
    }
    duplex
      .on('data', this.#onData)
      .on('end', () => this.#closing || receiver.eof())
      .on('error', (error) => (this.#error ??= error))
      .on('close', () => this.#onClose());
    if (duplex.readableEnded) receiver.eof();
    if (duplex.closed) this.#onClose();
    // It may come paused, as from a server with `pauseOnConnect`.
    else duplex.resume();
  }

  write(data: Data): void {
    if (this.#duplex.destroyed) return;
    if (typeof data === 'string') {
      const bytes = utf8Length(data);
      this.#text += data;
      this.#textBytes += bytes;
      this.#batched += bytes;
      // Joined with the half that may come next it would become another character.
      if (endsInHalfAPair(data)) this.#flushText();
    } else {
      this.#flushText();
      this.#batch.push(data);
      this.#batched += data.length;
    }
    if (this.#batched >= BATCH) {
      this.#flush();
    } else if (!this.#scheduled && !this.#delivering) {
      this.#scheduled = true;
      process.nextTick(this.#onTick);
    }
  }

  writeEof(): void {
    this.#flush();
    this.#duplex.end();
  }

  pause(): void {
    this.#duplex.pause();
  }

  resume(): void {
    this.#duplex.resume();
  }

  close(): void {
    const duplex = this.#duplex;
    this.#closing = true;
    this.#flush();
    // What still comes is dropped; left unread it would turn our FIN into a reset.
    duplex.off('data', this.#onData).resume();
    duplex.end();
    if (duplex.writableFinished) duplex.destroy();
    else duplex.once('finish', () => duplex.destroy());
  }

  abort(reason?: unknown): void {
    const duplex = this.#duplex;
    this.#batch = [];
    this.#text = '';
    this.#textBytes = 0;
    this.#batched = 0;
    this.#closing = true;
    duplex.off('data', this.#onData);
    this.#error ??= reason;
    // Only TCP knows a reset, and only TCP sockets have a family. Behind a FIN libuv refuses to send one.
    const sentFin = duplex.writableEnded && duplex.writableLength === 0;
    if (duplex instanceof Socket && duplex.remoteFamily !== undefined && !sentFin) duplex.resetAndDestroy();
    else duplex.destroy();
  }

  getExtraInfo(name: string): unknown {
    const duplex = this.#duplex;
    if (name === 'socket') return duplex;
    if (!(duplex instanceof Socket)) return undefined;
    if (name === 'peername') return address(duplex.remoteAddress, duplex.remoteFamily, duplex.remotePort);
    if (name === 'sockname') return this.#sockname;
    return undefined;
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#delivering = true;
    try {
      this.#receiver!.data(chunk);
    } finally {
      this.#delivering = false;
      // The replies to a chunk leave together, and sooner than with the tick.
      if (this.#batched > 0 && !this.#duplex.destroyed) this.#flush();
    }
  };

  readonly #onTick = (): void => {
    this.#scheduled = false;
    if (this.#batched > 0 && !this.#duplex.destroyed) this.#flush();
  };

  #flushText(): void {
    if (this.#text === '') return;
    this.#batch.push(this.#text);
    if (this.#textBytes > this.#text.length) this.#encoding = 'utf8';
    this.#text = '';
    this.#textBytes = 0;
  }

  #flush(): void {
    if (this.#batched === 0) return;
    this.#flushText();
    const batch = this.#batch;
    const size = this.#batched;
    const encoding = this.#encoding;
    this.#batch = [];
    this.#batched = 0;
    this.#encoding = 'latin1';
    this.#inFlight += size;
    const duplex = this.#duplex;
    const last = batch.length - 1;
    if (last > 0) duplex.cork();
    for (let i = 0; i < last; i++) duplex.write(batch[i], encoding);
    duplex.write(batch[last], encoding, () => this.#onFlushed(size));
    if (last > 0) duplex.uncork();
  }

  #onFlushed(size: number): void {
    this.#inFlight -= size;
    // After a failed write the connection is about to be closed, with the error.
    if (!this.#duplex.destroyed) this.#receiver?.flushed();
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    const duplex = this.#duplex;
    const cut = !this.#closing && !(duplex.readableEnded && duplex.writableFinished);
    this.#receiver?.closed(
      this.#error ?? duplex.errored ?? (cut ? new Error('The stream was destroyed') : undefined),
    );
  }
}

/** @internal */
export function checkDuplex(duplex: Duplex): void {
  if (duplex.readableObjectMode || duplex.writableObjectMode || duplex.readableEncoding !== null) {
    throw new TypeError(
      'A connection carries bytes: the Duplex must not be in object mode nor have an encoding',
    );
  }
}

function address(
  host: string | undefined,
  family: string | undefined,
  port: number | undefined,
): SocketAddress | undefined {
  if (host === undefined || family === undefined || port === undefined) return undefined;
  return { address: host, family, port };
}

/** Node's own count costs more by the call than a short text by the character. */
function utf8Length(text: string): number {
  if (text.length > 64) return Buffer.byteLength(text);
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return Buffer.byteLength(text);
  return text.length;
}

function endsInHalfAPair(text: string): boolean {
  return (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;
}
