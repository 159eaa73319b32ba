import type { Socket } from 'node:net';
import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import { ByteQueue } from '../bytes/ByteQueue.js';
import type { DecoderFactory } from '../bytes/Decoder.js';
import type { ProxyHeader } from '../decoders/proxyFormat.js';
import { beginsProxyHeader, proxyHeader } from '../decoders/proxyHeader.js';
import { ProxyProtocolError } from '../streams/errors.js';
import type { SocketAddress } from '../streams/Transport.js';
import type { DuplexTransportOptions } from '../transports/node/DuplexTransport.js';
import { AddressList } from './AddressList.js';
import { UNIX } from './checkProxyProtocol.js';
import type { AcceptOptions } from './ServerOptions.js';

const DEFAULT_TIMEOUT = 5000;

/** The options of a server that has such a gate. */
type GateOptions = AcceptOptions & Required<Pick<AcceptOptions, 'proxyProtocol'>>;

/** A socket whose header is under way. */
interface Waiting {
  readonly deadline: number;
  readonly refuse: (reason: ProxyProtocolError['reason'], message: string, cause?: unknown) => void;
}

/**
 * Reads the header of the PROXY protocol from a socket that was accepted, and only then hands the socket on: what comes
 * behind the header is still in it.
 *
 * | a socket is | header                    | anything else, too late, ended | `close()`     |
 * | ----------- | ------------------------- | ------------------------------ | ------------- |
 * | waiting     | taken, and it is admitted | destroyed, and told            | destroyed     |
 * | admitted    | –                         | –                              | –             |
 *
 * @internal
 */
export class ProxyGate {
  readonly #trusted: AddressList | 'any';
  readonly #hasTls: boolean;
  readonly #timeout: number;
  readonly #scheduler: SchedulerLike;
  readonly #makeDecoder: DecoderFactory<ProxyHeader>;
  readonly #refused: (error: ProxyProtocolError) => void;
  // Who was trusted last: most often there is one proxy.
  #known = '';
  // In the order of their deadlines.
  readonly #waiting = new Map<Socket, Waiting>();
  readonly #headers = new WeakMap<Socket, DuplexTransportOptions>();
  // One for all: most headers are there long before.
  #timer: Subscription | undefined;

  constructor(
    { proxyProtocol, tls = false, scheduler = asyncScheduler }: GateOptions,
    isUnix: boolean,
    refused: (error: ProxyProtocolError) => void,
  ) {
    const { trusted, timeout = DEFAULT_TIMEOUT, maxLength } = proxyProtocol;
    const isTrusted = trusted === 'any' || (isUnix && trusted.includes(UNIX));
    this.#trusted = isTrusted ? 'any' : new AddressList(trusted.filter((entry) => entry !== UNIX));
    this.#timeout = timeout;
    this.#makeDecoder = proxyHeader(maxLength === undefined ? {} : { maxLength });
    this.#hasTls = tls !== false;
    this.#scheduler = scheduler;
    this.#refused = refused;
  }

  /** What a socket that was admitted came with. */
  infoOf(socket: Socket | undefined): DuplexTransportOptions | undefined {
    return socket && this.#headers.get(socket);
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  admit(socket: Socket, admitted: (socket: Socket) => void): void {
    const peername = peerOf(socket);
    const decoder = this.#makeDecoder();
    const bytes = new ByteQueue();
    bytes.hold();

    const settle = (): void => {
      this.#waiting.delete(socket);
      socket.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    const refuse: Waiting['refuse'] = (reason, message, cause) => {
      settle();
      socket.destroy();
      this.#refused(new ProxyProtocolError(reason, peername, message, cause === undefined ? {} : { cause }));
    };
    const onData = (chunk: Uint8Array): void => {
      bytes.push(chunk);
      let header: ProxyHeader | undefined;
      try {
        header = decoder.decode(bytes);
      } catch (error) {
        bytes.rollback();
        const reason = beginsProxyHeader(bytes) ? 'malformed' : 'missing';
        refuse(reason, (error as Error).message, error);
        return;
      }
      if (header === undefined) return;
      settle();
      socket.off('error', onError);
      // TLS takes what is there from the socket itself: it must not flow to nobody.
      if (this.#hasTls) socket.pause();
      this.#headers.set(socket, { proxy: header });
      admitted(socket);
      // After that: then it goes to the transport at once, unless that has paused the socket.
      if (bytes.length > 0 && !socket.destroyed) socket.unshift(bytes.takeExactly(bytes.length)!);
    };
    const onEnd = (): void => refuse('ended', `it ended after ${bytes.length} bytes`);
    const onClose = (): void => {
      const { errored } = socket;
      // Without an error it is this side that has closed it.
      if (errored === null) settle();
      else refuse('ended', `it broke after ${bytes.length} bytes: ${errored.message}`, errored);
    };
    const onError = (): void => undefined;

    socket.on('error', onError);
    if (!this.#isTrusted(peername)) {
      refuse('untrusted', 'it comes from nobody that is trusted');
      return;
    }
    this.#waiting.set(socket, { deadline: this.#scheduler.now() + this.#timeout, refuse });
    socket.on('data', onData).on('end', onEnd).on('close', onClose);
    if (this.#timer === undefined) this.#wait(this.#timeout);
  }

  /** Destroys those that wait. */
  close(): void {
    this.#timer?.unsubscribe();
    for (const socket of this.#waiting.keys()) socket.destroy();
    this.#waiting.clear();
  }

  #isTrusted(peername: SocketAddress | undefined): boolean {
    if (this.#trusted === 'any') return true;
    if (peername === undefined) return false;
    const { address } = peername;
    if (address !== this.#known && !this.#trusted.has(address)) return false;
    this.#known = address;
    return true;
  }

  #wait(milliseconds: number): void {
    this.#timer = this.#scheduler.schedule(this.#onTimer, milliseconds);
    // The process waits for the sockets, not for the timer.
    (this.#timer as { id?: { unref?: () => void } }).id?.unref?.();
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = this.#scheduler.now();
    for (const { deadline, refuse } of this.#waiting.values()) {
      if (deadline > now) {
        this.#wait(deadline - now);
        return;
      }
      refuse('timeout', `no header within ${this.#timeout} ms`);
    }
  };
}

// Node's getters, which it keeps for later.
function peerOf({
  remoteAddress: address,
  remoteFamily: family,
  remotePort: port,
}: Socket): SocketAddress | undefined {
  return address === undefined || family === undefined || port === undefined
    ? undefined
    : { address, family, port };
}
