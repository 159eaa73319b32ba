import type { Socket } from 'node:net';
import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder, DecoderFactory } from '../bytes/Decoder.js';
import type { ProxyHeader } from '../decoders/proxyFormat.js';
import { beginsProxyHeader, proxyHeader } from '../decoders/proxyHeader.js';
import { ProxyProtocolError } from '../streams/errors.js';
import type { SocketAddress } from '../streams/Transport.js';
import type { DuplexTransportOptions } from '../transports/node/DuplexTransport.js';
import { peerOf } from '../transports/node/extraInfo.js';
import { unrefTimer } from '../transports/node/unrefTimer.js';
import { AddressList } from './AddressList.js';
import { UNIX } from './checkProxyProtocol.js';
import type { AcceptOptions } from './ServerOptions.js';

const DEFAULT_TIMEOUT = 5000;

/** The options of a server that has such a gate. */
type GateOptions = AcceptOptions & Required<Pick<AcceptOptions, 'proxyProtocol'>>;

type Admitted = (socket: Socket) => void;

const WAITING = Symbol('rxjs-net: waits for its header');
const INFO = Symbol('rxjs-net: what its header says');

/** What is known of a socket is in it: a table beside would cost each short connection more than all else here. */
interface GatedSocket extends Socket {
  [WAITING]?: WaitingSocket;
  [INFO]?: DuplexTransportOptions;
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
  readonly #isUnix: boolean;
  /** @internal */
  readonly hasTls: boolean;
  readonly #timeout: number;
  readonly #scheduler: SchedulerLike;
  /** @internal */
  readonly makeDecoder: DecoderFactory<ProxyHeader>;
  readonly #refused: (error: ProxyProtocolError) => void;
  // Who was trusted last: most often there is one proxy.
  #known = '';
  // In the order of their deadlines.
  readonly #waiting = new Set<WaitingSocket>();
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
    this.#isUnix = isUnix;
    this.#timeout = timeout;
    this.makeDecoder = proxyHeader(maxLength === undefined ? {} : { maxLength });
    this.hasTls = tls !== false;
    this.#scheduler = scheduler;
    this.#refused = refused;
  }

  /** What a socket that was admitted came with. */
  infoOf(socket: GatedSocket | undefined): DuplexTransportOptions | undefined {
    return socket?.[INFO];
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  admit(socket: GatedSocket, admitted: Admitted): void {
    const waiting = new WaitingSocket(this, socket, admitted);
    socket[WAITING] = waiting;
    socket.on('error', onError);
    if (!this.#isTrusted(waiting.peername)) {
      // Once a socket is reset nobody knows whose it was: the checks of some balancers are over before they are accepted.
      if (waiting.peername === undefined && !this.#isUnix)
        waiting.refuse('ended', 'it was over before it was accepted, so nobody knows its address');
      else waiting.refuse('untrusted', 'it comes from nobody that is trusted');
      return;
    }
    waiting.deadline = this.#scheduler.now() + this.#timeout;
    this.#waiting.add(waiting);
    socket.on('data', onData).on('end', onEnd).on('close', onClose);
    if (this.#timer === undefined) this.#wait(this.#timeout);
  }

  /** @internal It waits no more. */
  settle(waiting: WaitingSocket): void {
    const { socket } = waiting;
    this.#waiting.delete(waiting);
    socket.off('data', onData).off('end', onEnd).off('close', onClose);
  }

  /** @internal */
  tellRefused(error: ProxyProtocolError): void {
    this.#refused(error);
  }

  /** Destroys those that wait. */
  close(): void {
    this.#timer?.unsubscribe();
    for (const { socket } of this.#waiting) socket.destroy();
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
    unrefTimer(this.#timer);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = this.#scheduler.now();
    for (const waiting of this.#waiting) {
      if (waiting.deadline > now) {
        this.#wait(waiting.deadline - now);
        return;
      }
      waiting.refuse('timeout', `no header within ${this.#timeout} ms`);
    }
  };
}

/** A socket whose header is under way. */
class WaitingSocket {
  readonly peername: SocketAddress | undefined;
  deadline = 0;
  readonly #gate: ProxyGate;
  readonly #admitted: Admitted;
  readonly #decoder: Decoder<ProxyHeader>;
  readonly #bytes = new ByteQueue();

  constructor(
    gate: ProxyGate,
    readonly socket: GatedSocket,
    admitted: Admitted,
  ) {
    this.#gate = gate;
    this.#admitted = admitted;
    this.#decoder = gate.makeDecoder();
    this.peername = peerOf(socket);
    this.#bytes.hold();
  }

  receive(chunk: Uint8Array): void {
    const bytes = this.#bytes;
    bytes.push(chunk);
    let header: ProxyHeader | undefined;
    try {
      header = this.#decoder.decode(bytes);
    } catch (error) {
      bytes.rollback();
      const reason = beginsProxyHeader(bytes) ? 'malformed' : 'missing';
      this.refuse(reason, (error as Error).message, error);
      return;
    }
    if (header !== undefined) this.#admit(header);
  }

  #admit(header: ProxyHeader): void {
    const { socket } = this;
    const bytes = this.#bytes;
    this.#gate.settle(this);
    socket.off('error', onError);
    // TLS takes what is there from the socket itself: it must not flow to nobody.
    if (this.#gate.hasTls) socket.pause();
    socket[INFO] = { proxy: header };
    this.#admitted(socket);
    // After that: then it goes to the transport at once, unless that has paused the socket.
    if (bytes.length > 0 && !socket.destroyed) socket.unshift(bytes.takeExactly(bytes.length)!);
  }

  ended(): void {
    this.refuse('ended', `it ended after ${this.#bytes.length} bytes`);
  }

  closed(): void {
    const { errored } = this.socket;
    // Without an error it is this side that has closed it.
    if (errored === null) this.#gate.settle(this);
    else this.refuse('ended', `it broke after ${this.#bytes.length} bytes: ${errored.message}`, errored);
  }

  refuse(reason: ProxyProtocolError['reason'], message: string, cause?: unknown): void {
    this.#gate.settle(this);
    this.socket.destroy();
    const options = cause === undefined ? {} : { cause };
    this.#gate.tellRefused(new ProxyProtocolError(reason, this.peername, message, options));
  }
}

// The same for all sockets: functions of its own would cost each as much as the rest.
function onData(this: GatedSocket, chunk: Uint8Array): void {
  this[WAITING]!.receive(chunk);
}

function onEnd(this: GatedSocket): void {
  this[WAITING]!.ended();
}

function onClose(this: GatedSocket): void {
  this[WAITING]!.closed();
}

function onError(): void {
  // Its close tells of it.
}
