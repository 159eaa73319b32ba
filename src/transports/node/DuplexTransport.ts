import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { asyncScheduler, Observable, type SchedulerLike } from 'rxjs';
import { ConnectionLostError, UnreadPlaintextError } from '../../streams/errors.js';
import type { Data } from '../../bytes/Separator.js';
import type { SocketAddress, Transport, TransportReceiver } from '../../streams/Transport.js';
import { DuplexLife } from './DuplexLife.js';
import { duplexEvents, hasListener, setListener } from './DuplexListener.js';
import { extraInfo, localAddressOf, type ProxiedAddresses } from './extraInfo.js';
import { OutgoingQueue } from './OutgoingQueue.js';
import { peerEnded, tlsHandshake } from './tlsHandshake.js';
import {
  checkIdentity,
  checkTlsTimeouts,
  DEFAULT_SHUTDOWN_TIMEOUT,
  type NodeStartTlsOptions,
} from './tlsOptions.js';

/** What a transport cannot ask its duplex for. @internal */
export interface DuplexTransportOptions {
  /** The host that it was connected to: who a server has to prove to be. */
  host?: string | undefined;
  /** Where the duplex is TLS: the socket below. Only that can be reset. */
  raw?: Duplex | undefined;
  /** The addresses of a Unix socket. */
  peername?: string | undefined;
  sockname?: string | undefined;
  /** The header of the PROXY protocol that the connection came with. */
  proxy?: ProxiedAddresses | undefined;
  /** Milliseconds that closing TLS may take. */
  shutdownTimeout?: number | undefined;
  scheduler?: SchedulerLike | undefined;
}

/** From this many bytes on what was written goes out within the tick: the kernel may as well begin. */
const ENOUGH = 16384;

/**
 * Carries a connection on a Node.js `Duplex`: a socket, a serial port, the two pipes of a child process. What each call
 * does in which phase is in the table of `DuplexLife`.
 */
export class DuplexTransport implements Transport {
  readonly canWriteEof = true;
  readonly #options: DuplexTransportOptions;
  readonly #queue = new OutgoingQueue();
  readonly #life: DuplexLife;
  #shutdownTimeout: number;
  // The socket at the start: it knows the addresses, and that of this side only while it is open.
  readonly #first: Duplex;
  #sockname: SocketAddress | undefined;
  // What is written now will be sent without more being done.
  #flushIsDue = false;

  constructor(duplex: Duplex, options: DuplexTransportOptions = {}) {
    checkDuplex(duplex);
    if (hasListener(duplex)) throw new TypeError('This Duplex carries a connection already');
    this.#options = options;
    this.#first = duplex;
    this.#shutdownTimeout = options.shutdownTimeout ?? DEFAULT_SHUTDOWN_TIMEOUT;
    this.#life = new DuplexLife(duplex, options.raw ?? duplex, this.#queue, this);
    setListener(duplex, this.#life);
    // The peer's end must not end our side: Node's default for sockets made elsewhere.
    this.#life.attempt(() => (duplex.allowHalfOpen = true));
  }

  get writeQueueSize(): number {
    return this.#queue.size;
  }

  get bytesWritten(): number {
    return this.#queue.written;
  }

  start(receiver: TransportReceiver): void {
    const life = this.#life;
    life.receiver = receiver;
    life.attempt(() => {
      const { duplex } = life;
      this.#sockname = localAddressOf(duplex);
      if (duplex.readableEnded) receiver.eof();
      life.watch();
      life.receive();
    });
  }

  write(data: Data): void {
    if (!this.#life.takesData) return;
    this.#queue.add(data);
    if (this.#queue.size >= ENOUGH) {
      this.#flush();
    } else if (!this.#flushIsDue) {
      this.#flushIsDue = true;
      process.nextTick(DuplexTransport.#onTick, this);
    }
  }

  writeEof(): void {
    if (!this.#life.takesData) return;
    this.#queue.end();
    this.#flush();
  }

  pause(): void {
    const life = this.#life;
    if (life.phase === 'open') life.attempt(() => life.duplex.pause());
  }

  resume(): void {
    const life = this.#life;
    if (life.phase === 'open') life.attempt(() => life.duplex.resume());
  }

  close(): void {
    const life = this.#life;
    // What was written meanwhile must not go out in plain, and nothing else is to be sent.
    if (life.phase === 'securing') life.abort(undefined);
    if (life.phase !== 'open') return;
    const { scheduler = asyncScheduler } = this.#options;
    life.attempt(() => life.close(this.#shutdownTimeout, scheduler));
    this.#flush();
  }

  abort(reason?: unknown): void {
    this.#life.abort(reason);
  }

  onReleased(released: () => void): void {
    this.#life.onReleased(released);
  }

  /**
   * Encrypts the connection from here on. It must not be used before this has emitted; what is written meanwhile is
   * sent encrypted.
   */
  startTls(options: NodeStartTlsOptions = {}): Observable<void> {
    const { shutdownTimeout } = checkTlsTimeouts(options);
    const { host, scheduler } = this.#options;
    if (!options.isServer) checkIdentity({ host, ...options });
    return new Observable((subscriber) => {
      const life = this.#life;
      const raw = life.duplex;
      if (raw instanceof TLSSocket) throw new TypeError('This connection is encrypted already');
      if (life.phase === 'securing') throw new TypeError('startTls() is under way already');
      if (life.phase !== 'open') throw new ConnectionLostError(life.error ?? new Error('it is closed'));
      if (raw.readableLength > 0) throw new UnreadPlaintextError(raw.readableLength);
      const fail = (error: unknown): void => subscriber.error(new ConnectionLostError(error));
      life.onReleased(() => fail(life.error ?? new Error('The connection was closed during startTls()')));
      life.phase = 'securing';
      const handshake = (): void => {
        // It ends with the connection, also when nobody waits for it any more.
        tlsHandshake(raw, { host, ...options }, scheduler).subscribe({
          next: (socket) => {
            if (life.phase !== 'securing') return;
            this.#shutdownTimeout = shutdownTimeout;
            this.#secured(socket);
            subscriber.next();
            subscriber.complete();
          },
          error: (error: unknown) => {
            life.abort(error);
            fail(error);
          },
        });
      };
      life.attempt(() => {
        // From here on what arrives belongs to the handshake: it stays in the socket, where TLS picks it up.
        raw.off('data', duplexEvents.data).pause();
        this.#queue.hold(handshake);
        this.#flush();
      });
      // Half a handshake cannot be taken back.
      subscriber.add(() => {
        if (life.phase === 'securing') life.abort(undefined);
      });
    });
  }

  getExtraInfo(name: string): unknown {
    const { duplex } = this.#life;
    if (name === 'socket') return duplex;
    let info: unknown;
    this.#life.attempt(() => (info = extraInfo(name, duplex, this.#first, this.#sockname, this.#options)));
    return info;
  }

  /** @internal */
  onData(chunk: Uint8Array): void {
    if (this.#life.phase !== 'open') return;
    const wasDue = this.#flushIsDue;
    this.#flushIsDue = true;
    try {
      this.#life.receiver!.data(chunk);
    } finally {
      this.#flushIsDue = wasDue;
      // The replies to a chunk leave together, and sooner than with the tick.
      if (this.#queue.size > 0) this.#flush();
    }
  }

  /** @internal */
  onEnd(): void {
    const life = this.#life;
    if (life.phase === 'securing') life.abort(peerEnded());
    else if (life.phase === 'open') life.receiver!.eof();
    life.settle();
  }

  /** @internal The system has what it was given. */
  onTaken(changed?: Error): void {
    const life = this.#life;
    if (changed !== undefined) life.abort(changed);
    if (life.duplex.destroyed || life.phase === 'aborted') return;
    this.#flush();
    life.taken?.();
    life.receiver!.flushed();
  }

  static #onTick(this: void, transport: DuplexTransport): void {
    transport.#flushIsDue = false;
    transport.#flush();
  }

  #flush(): void {
    const life = this.#life;
    try {
      if (!life.duplex.destroyed) this.#queue.sendTo(life.duplex, this);
    } catch (error) {
      life.abort(error);
    }
  }

  #secured(socket: TLSSocket): void {
    const life = this.#life;
    life.attempt(() => {
      socket.allowHalfOpen = true;
      this.#queue.release();
      life.secure(socket);
      life.receive();
    });
    this.#flush();
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
