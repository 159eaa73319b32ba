import { asyncScheduler, isObservable, NEVER, type Observable, type SchedulerLike } from 'rxjs';
import { checkMilliseconds } from '../streams/check.js';
import { connectionReset } from '../streams/errors.js';
import { Queue } from '../bytes/Queue.js';
import type { Data } from '../bytes/Separator.js';
import type { Transport, TransportReceiver } from '../streams/Transport.js';
import { GuardedReceiver } from '../transports/GuardedReceiver.js';
import { Chaos } from './chaos.js';
import { checkedBytes } from './check.js';
import { Network } from './Network.js';
import type { NetworkEnd, NetworkLine } from './NetworkLine.js';
import { showValue } from './showValue.js';

/** What the network between two ends is like; each direction for itself. See {@link networkTransports}. */
export interface NetworkOptions {
  /** Milliseconds from one end to the other, 0 to 2^31 - 1. Default: 0, within the call. */
  latency?: number;
  /** Bytes per second in each direction, more than 0. Default: no bound. */
  bandwidth?: number;
  /** Bytes delivered at once at most, a positive integer; 1 is a trickle. Default: no bound. */
  chunkSize?: number;
  /**
   * Bytes that may be under way in each direction, a positive integer: the buffers of a kernel. What is beyond waits in
   * the writer's queue and counts for its water marks. Default: 65536.
   */
  window?: number;
  /**
   * While its last value is true nothing gets through, in either direction; an error breaks the connection.
   * Default: never.
   */
  clogged$?: Observable<boolean>;
  /** What goes wrong: see `chaos`. Default: nothing. */
  chaos?: Chaos;
  /** Where time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
}

/**
 * Two transports with a network in between: what `networkPair` makes its connections of, for tests that play a
 * transport themselves.
 *
 * @throws `TypeError` or `RangeError` when an option is none
 *
 * @example
 * ```ts
 * import { Connection } from 'rxjs-net';
 * import { networkTransports } from 'rxjs-net/testing';
 *
 * const [one, other] = networkTransports({ chunkSize: 2 });
 * const { reader } = new Connection(other);
 * reader.chunks().subscribe((chunk) => console.log(chunk.length)); // 2, 2, 1
 * one.write('hello');
 * ```
 */
export function networkTransports(options: NetworkOptions = {}): [Transport, Transport] {
  const { latency = 0, bandwidth = Infinity, chunkSize = Infinity, window = 65536, chaos } = options;
  checkMilliseconds('latency', latency);
  if (!(typeof bandwidth === 'number' && bandwidth > 0)) {
    throw new RangeError(`bandwidth must be more than 0 bytes per second, not ${showValue(bandwidth)}`);
  }
  for (const [name, bytes] of Object.entries({ chunkSize, window })) {
    if (bytes !== Infinity && !(Number.isInteger(bytes) && bytes > 0)) {
      throw new RangeError(`${name} must be a positive integer (bytes), not ${showValue(bytes)}`);
    }
  }
  const { clogged$ = NEVER, scheduler = asyncScheduler } = options;
  if (chaos !== undefined && !(chaos instanceof Chaos)) {
    throw new TypeError(`chaos must be what chaos() or chaosFrom() makes, not ${showValue(chaos)}`);
  }
  if (!isObservable(clogged$)) {
    throw new TypeError(`clogged$ must be an Observable, not ${showValue(clogged$)}`);
  }
  const network = new Network({ latency, bandwidth, chunkSize, window, chaos, scheduler });
  const [forth, back] = network.lines;
  const one = new NetworkTransport(network, forth);
  const other = new NetworkTransport(network, back);
  Object.assign(forth, { from: one, to: other, back });
  Object.assign(back, { from: other, to: one, back: forth });
  network.clogWhile(clogged$);
  return [one, other];
}

class NetworkTransport implements Transport, NetworkEnd {
  readonly canWriteEof = true;
  readonly #network: Network;
  readonly #out: NetworkLine;
  #receiver: TransportReceiver | undefined;
  #paused = false;
  #queue = new Queue<Uint8Array>();
  // Bytes of the first chunk in the queue that have been sent already.
  #sentOfFirst = 0;
  #queued = 0;
  #eof: 'no' | 'queued' | 'sent' | 'arrived' = 'no';
  #eofReceived = false;
  #state: NetworkEnd['state'] = 'open';
  #error: unknown;

  constructor(network: Network, out: NetworkLine) {
    this.#network = network;
    this.#out = out;
  }

  get writeQueueSize(): number {
    return this.#queued;
  }

  get state(): NetworkEnd['state'] {
    return this.#state;
  }

  get takes(): boolean {
    // What comes for an end that is closing or has seen an early end goes nowhere, so nothing stands in its way.
    if (this.#state !== 'open' || this.#eofReceived) return true;
    return this.#receiver !== undefined && !this.#paused;
  }

  start(receiver: TransportReceiver): void {
    const guarded = new GuardedReceiver(receiver);
    if (this.#state === 'closed') {
      guarded.closed(this.#error);
      return;
    }
    this.#receiver = guarded;
    this.#network.pump();
  }

  write(data: Data): void {
    // A copy, as the receiver keeps the chunk and the writer may go on using its own.
    const chunk = checkedBytes('data', data);
    if (this.#state !== 'open' || this.#eof !== 'no' || chunk.length === 0) return;
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    this.#send();
    this.#network.pump();
  }

  writeEof(): void {
    if (this.#state === 'closed' || this.#eof !== 'no') return;
    this.#eof = 'queued';
    this.#send();
    this.#network.pump();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#network.pump();
  }

  close(): void {
    if (this.#state !== 'open') return;
    // From now on this end takes nothing; what the other one still sends is lost, as it is on a closed socket.
    this.#state = 'closing';
    this.writeEof();
    this.closeWhenEnded();
    this.#network.pump();
  }

  abort(reason?: unknown): void {
    if (this.#state === 'closed') return;
    this.#out.sendReset(connectionReset());
    this.lose(reason);
    this.#network.pump();
  }

  getExtraInfo(): undefined {
    return undefined;
  }

  receive(piece: Uint8Array): void {
    if (this.#state === 'open') this.#receiver!.data(piece);
  }

  receiveEof(): void {
    this.#eofReceived = true;
    if (this.#state === 'open') this.#receiver!.eof();
  }

  refill(): void {
    const before = this.#queued;
    this.#send();
    if (this.#queued < before) this.#receiver?.flushed();
  }

  eofArrived(): void {
    this.#eof = 'arrived';
    this.closeWhenEnded();
  }

  closeWhenEnded(): void {
    if (this.#eof === 'arrived' && (this.#state === 'closing' || this.#eofReceived)) this.lose(undefined);
  }

  lose(error: unknown): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#error = error;
    this.#queue = new Queue();
    this.#queued = 0;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.closed(error);
  }

  #send(): void {
    const { chunkSize } = this.#network.traits;
    for (let chunk = this.#queue.first; chunk !== undefined; chunk = this.#queue.first) {
      const from = this.#sentOfFirst;
      const length = Math.min(chunk.length - from, chunkSize, this.#out.room);
      if (length <= 0) break;
      if (from + length === chunk.length) {
        this.#queue.shift();
        this.#sentOfFirst = 0;
      } else {
        this.#sentOfFirst += length;
      }
      this.#queued -= length;
      this.#out.send(chunk.subarray(from, from + length));
    }
    if (this.#eof === 'queued' && this.#queue.length === 0) {
      this.#eof = 'sent';
      this.#out.send(undefined);
    }
  }
}
