import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket, type CipherNameAndProtocol, type PeerCertificate } from 'node:tls';
import { asyncScheduler, concatMap, Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { ConnectionLostError, UnreadPlaintextError } from '../../streams/errors.js';
import type { Data } from '../../bytes/Separator.js';
import type { SocketAddress, Transport, TransportReceiver } from '../../streams/Transport.js';
import {
  checkIdentity,
  checkTlsTimeouts,
  clientHandshake,
  DEFAULT_SHUTDOWN_TIMEOUT,
  serverHandshake,
  type NodeStartTlsOptions,
} from './tlsHandshake.js';
import { WriteBatch } from './WriteBatch.js';

declare module '../../streams/Transport.js' {
  interface StartTlsOptionsMap {
    duplex: NodeStartTlsOptions;
  }
  interface ExtraInfo {
    /** TLS: the cipher suite, and the version it was first defined for. */
    cipher: CipherNameAndProtocol;
    /** TLS: the peer's certificate. */
    peercert: PeerCertificate;
    /** TLS: the version in use, such as `TLSv1.3`. */
    tlsVersion: string;
    /** TLS: the protocol that was agreed on by ALPN. */
    alpnProtocol: string;
    /** TLS: the name the client asked for (SNI). */
    servername: string;
  }
}

/** What a transport cannot ask its duplex for. @internal */
export interface DuplexTransportOptions {
  /** The host that it was connected to: who a server has to prove to be. */
  host?: string | undefined;
  /** Where the duplex is TLS: the socket below. Only that can be reset. */
  raw?: Duplex | undefined;
  /** The addresses of a Unix socket. */
  peername?: string | undefined;
  sockname?: string | undefined;
  /** Milliseconds that closing TLS may take. */
  shutdownTimeout?: number | undefined;
  scheduler?: SchedulerLike | undefined;
}

/** From this many bytes on a batch goes out within the tick: the kernel may as well begin. */
const BATCH = 16384;

const inUse = new WeakSet<Duplex>();

/** Carries a connection on a Node.js `Duplex`: a socket, a serial port, the two pipes of a child process. */
export class DuplexTransport implements Transport {
  readonly canWriteEof = true;
  readonly #options: DuplexTransportOptions;
  #duplex: Duplex;
  // What can be reset: a TLS socket itself cannot.
  #raw: Duplex;
  #securing = false;
  #endsWhenSecured = false;
  #shutdown: Subscription | undefined;
  #shutdownTimeout: number;
  #receiver: TransportReceiver | undefined;
  // Written in this tick.
  readonly #batch = new WriteBatch();
  // Handed to the duplex, not yet by it to the kernel.
  #inFlight = 0;
  #onSent: (() => void) | undefined;
  #scheduled = false;
  #delivering = false;
  #closing = false;
  #aborted = false;
  #closed = false;
  #error: unknown;
  #peername: SocketAddress | undefined;
  #sockname: SocketAddress | undefined;

  constructor(duplex: Duplex, options: DuplexTransportOptions = {}) {
    checkDuplex(duplex);
    if (inUse.has(duplex)) throw new TypeError('This Duplex carries a connection already');
    inUse.add(duplex);
    this.#options = options;
    this.#duplex = duplex;
    this.#raw = options.raw ?? duplex;
    this.#shutdownTimeout = options.shutdownTimeout ?? DEFAULT_SHUTDOWN_TIMEOUT;
    // The peer's end must not end our side: Node's default for sockets made elsewhere.
    duplex.allowHalfOpen = true;
  }

  get writeQueueSize(): number {
    return this.#batch.size + this.#inFlight;
  }

  start(receiver: TransportReceiver): void {
    const duplex = this.#duplex;
    this.#receiver = receiver;
    if (duplex instanceof Socket) {
      // Once the connection is gone Node does not know them any more.
      this.#peername = address(duplex.remoteAddress, duplex.remoteFamily, duplex.remotePort);
      this.#sockname = address(duplex.localAddress, duplex.localFamily, duplex.localPort);
    }
    this.#listen();
    if (duplex.readableEnded) receiver.eof();
    if (duplex.closed) this.#onClose();
    // It may come paused, as from a server with `pauseOnConnect`.
    else duplex.resume();
  }

  write(data: Data): void {
    if (this.#aborted || this.#duplex.destroyed) return;
    this.#batch.add(data);
    if (this.#batch.size >= BATCH) {
      this.#flush();
    } else if (!this.#scheduled && !this.#delivering) {
      this.#scheduled = true;
      process.nextTick(this.#onTick);
    }
  }

  writeEof(): void {
    if (this.#aborted) return;
    if (this.#securing) {
      this.#endsWhenSecured = true;
      return;
    }
    this.#flush();
    this.#duplex.end();
  }

  pause(): void {
    if (!this.#securing) this.#duplex.pause();
  }

  resume(): void {
    if (!this.#securing) this.#duplex.resume();
  }

  close(): void {
    if (this.#closing || this.#closed) return;
    if (this.#securing) {
      // What was written meanwhile must not go out in plain, and nothing else is to be sent.
      this.abort();
      return;
    }
    const duplex = this.#duplex;
    this.#closing = true;
    this.#flush();
    if (duplex instanceof TLSSocket) this.#boundShutdown();
    // What still comes is dropped; left unread it would turn our FIN into a reset.
    duplex.off('data', this.#onData).resume();
    duplex.end();
    const sent = (): void => this.#finishClose();
    if (duplex.writableFinished) sent();
    else duplex.once('finish', sent);
  }

  abort(reason?: unknown): void {
    if (this.#aborted) return;
    const duplex = this.#duplex;
    if (this.#closed) {
      if (!duplex.destroyed) this.#reset();
      return;
    }
    this.#batch.clear();
    this.#closing = true;
    this.#aborted = true;
    duplex.off('data', this.#onData);
    this.#error ??= reason;
    if (duplex === this.#raw && !this.#securing) {
      this.#reset();
    } else {
      // Not within a callback of the TLS above it: Node 20 crashes when its socket vanishes while it decrypts.
      setImmediate(() => this.#reset());
    }
  }

  /**
   * Encrypts the connection from here on. It must not be used before this has emitted; what is written meanwhile is
   * sent encrypted.
   */
  startTls(options: NodeStartTlsOptions = {}): Observable<void> {
    const { shutdownTimeout } = checkTlsTimeouts(options);
    if (!options.isServer) checkIdentity({ host: this.#options.host, ...options });
    return new Observable((subscriber) => {
      const raw = this.#duplex;
      if (raw instanceof TLSSocket) throw new TypeError('This connection is encrypted already');
      if (this.#securing) throw new TypeError('startTls() is under way already');
      if (raw.readableLength > 0) throw new UnreadPlaintextError(raw.readableLength);
      // From here on what arrives belongs to the handshake: it stays in the socket, where TLS picks it up.
      raw.off('data', this.#onData).pause();
      this.#flush();
      this.#securing = true;
      const fail = (error: unknown): void => subscriber.error(new ConnectionLostError(error));
      const cut = (): void => fail(this.#error ?? new Error('The connection was closed during startTls()'));
      raw.once('close', cut);
      const securing = this.#whenSent().pipe(
        concatMap(() => {
          if (raw.readableEnded) throw peerEnded();
          return options.isServer
            ? serverHandshake(raw, options)
            : clientHandshake(raw, { host: this.#options.host, ...options }, this.#options.scheduler);
        }),
      );
      // It ends with the connection, also when nobody waits for it any more.
      securing.subscribe({
        next: (socket) => {
          if (this.#aborted) return;
          raw.off('close', cut);
          this.#shutdownTimeout = shutdownTimeout;
          this.#secured(socket);
          subscriber.next();
          subscriber.complete();
        },
        error: (error: unknown) => {
          this.abort(error);
          fail(error);
        },
      });
      // Half a handshake cannot be taken back.
      subscriber.add(() => {
        if (this.#securing) this.abort();
      });
    });
  }

  onReleased(released: () => void): void {
    if (this.#raw.closed) released();
    else this.#raw.once('close', released);
  }

  getExtraInfo(name: string): unknown {
    const duplex = this.#duplex;
    if (name === 'socket') return duplex;
    if (duplex instanceof TLSSocket) {
      if (name === 'cipher') return duplex.getCipher();
      if (name === 'peercert') return duplex.getPeerCertificate();
      if (name === 'tlsVersion') return duplex.getProtocol() ?? undefined;
      if (name === 'alpnProtocol') return duplex.alpnProtocol || undefined;
      if (name === 'servername') return (duplex as { servername?: string }).servername || undefined;
    }
    if (!(duplex instanceof Socket)) return undefined;
    const { peername, sockname } = this.#options;
    if (name === 'peername') return this.#peername ?? unixAddress(peername);
    if (name === 'sockname') return this.#sockname ?? unixAddress(sockname);
    return undefined;
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#delivering = true;
    try {
      this.#receiver!.data(chunk);
    } finally {
      this.#delivering = false;
      // The replies to a chunk leave together, and sooner than with the tick.
      if (this.#batch.size > 0 && !this.#duplex.destroyed) this.#flush();
    }
  };

  readonly #onEnd = (): void => {
    if (this.#securing) this.abort(peerEnded());
    else if (!this.#closing) this.#receiver!.eof();
  };

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
    // Node tells of a broken record of TLS, and leaves it at that.
    this.#duplex.destroy();
  };

  readonly #onTick = (): void => {
    this.#scheduled = false;
    if (this.#batch.size > 0 && !this.#duplex.destroyed) this.#flush();
  };

  #flush(): void {
    const { size } = this.#batch;
    if (size === 0 || this.#securing) return;
    this.#inFlight += size;
    this.#batch.writeTo(this.#duplex, () => this.#onFlushed(size));
  }

  #onFlushed(size: number): void {
    this.#inFlight -= size;
    // After a failed write the connection is about to be closed, with the error.
    if (this.#aborted || this.#duplex.destroyed) return;
    if (this.#inFlight === 0) this.#onSent?.();
    this.#receiver?.flushed();
  }

  readonly #onClose = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    const duplex = this.#duplex;
    const cut = !this.#closing && !(duplex.readableEnded && duplex.writableFinished);
    this.#receiver?.closed(
      this.#error ?? duplex.errored ?? (cut ? new Error('The stream was destroyed') : undefined),
    );
  };

  #listen(): void {
    this.#duplex
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('error', this.#onError)
      .on('close', this.#onClose);
  }

  // Emits when everything has been handed to the kernel.
  #whenSent(): Observable<void> {
    return new Observable((subscriber) => {
      const sent = (): void => {
        subscriber.next();
        subscriber.complete();
      };
      if (this.#inFlight === 0) sent();
      else this.#onSent = sent;
    });
  }

  #secured(socket: TLSSocket): void {
    const raw = this.#duplex;
    raw.off('end', this.#onEnd).off('close', this.#onClose);
    this.#securing = false;
    inUse.add(socket);
    socket.allowHalfOpen = true;
    this.#duplex = socket;
    this.#listen();
    socket.resume();
    this.#flush();
    if (this.#endsWhenSecured) this.writeEof();
  }

  #boundShutdown(): void {
    const { scheduler = asyncScheduler } = this.#options;
    const timeout = this.#shutdownTimeout;
    const expire = (): void => {
      if (this.#closed) this.#duplex.destroy();
      else this.abort(new Error(`TLS could not be shut down within ${timeout} ms`));
    };
    this.#shutdown = scheduler.schedule(expire, timeout);
    this.#duplex.once('close', () => this.#shutdown?.unsubscribe());
  }

  // Everything has been sent.
  #finishClose(): void {
    const duplex = this.#duplex;
    if (!(duplex instanceof TLSSocket) || duplex.readableEnded) {
      duplex.destroy();
      return;
    }
    // A server's session tickets may still be under way: were they to find the socket closed, the kernel would reset
    // the connection, and the peer lose what it has not read yet. So it stays for as long as the peer needs to end it
    // as well, as TCP does below; nobody has to wait for that.
    this.#onClose();
  }

  #reset(): void {
    const raw = this.#raw;
    // Only TCP knows a reset, and only TCP sockets have a family. Behind a FIN libuv refuses to send one.
    const { writableEnded, writableLength } = this.#duplex;
    const sentFin = writableEnded && writableLength === 0;
    const canReset = raw instanceof Socket && !(raw instanceof TLSSocket) && raw.remoteFamily !== undefined;
    if (canReset && !sentFin) raw.resetAndDestroy();
    else this.#duplex.destroy();
    raw.once('close', this.#onClose);
  }
}

/** @internal */
export function checkDuplex(
  duplex: Pick<Duplex, 'readableObjectMode' | 'writableObjectMode' | 'readableEncoding'>,
): void {
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

function unixAddress(path: string | undefined): SocketAddress | undefined {
  return path === undefined ? undefined : { address: path, family: 'Unix', port: 0 };
}

function peerEnded(): Error {
  return new Error('The peer has ended the stream in place of a TLS handshake');
}
