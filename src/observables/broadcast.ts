import { Observable, type Subscriber } from 'rxjs';
import { checkData, checkOptions } from '../bytes/check.js';
import { Queue } from '../bytes/Queue.js';
import type { Data } from '../bytes/Separator.js';
import { checkMethod } from '../streams/check.js';
import { Reentrant } from '../streams/Reentrant.js';
import type { StreamWriter } from '../streams/StreamWriter.js';
import { Audience } from './Audience.js';
import { BroadcastMember, BroadcastMessage } from './BroadcastMember.js';
import {
  checkBroadcastOptions,
  checkSlow,
  type BroadcastOptions,
  type BroadcastSendOptions,
  type JoinOptions,
} from './BroadcastOptions.js';

/**
 * Sends values to many writers: a chat, a ticker, a game's world. Each value is encoded once, and a member that is slow
 * holds none of the others: what becomes of it is its policy, `slow`.
 *
 * ```text
 * send(v)                --a-b-c-----
 * to one that keeps up   --a-b-c-----
 * to a slow one:
 *   its writer drained   ---------d--       it is paused from a on
 *   wait                 --a-b-c-----       send(a) completes at d
 *   drop                 --a------c--
 *   disconnect           --a-b-#             with more than the limit waiting: its join errors
 * ```
 *
 * The first example is a chat, where everybody hears what the others say.
 *
 * @experimental
 *
 * @example
 * ```ts no-run
 * import { broadcast, lines, serve } from 'rxjs-net';
 * import { serverConnections$ } from 'rxjs-net/node';
 * import { endWith, takeUntil } from 'rxjs';
 *
 * const room = broadcast<string>({ encode: (line) => `${line}\n` });
 *
 * serverConnections$({ port: 8888 })
 *   .pipe(
 *     serve(({ reader, writer }) => {
 *       const speaks$ = reader.consume(lines(), (line) => room.send(line, { except: writer }));
 *       // A member as long as its peer speaks.
 *       return room.join(writer).pipe(takeUntil(speaks$.pipe(endWith('has left'))));
 *     }),
 *   )
 *   .subscribe();
 * ```
 *
 * @example
 * ```ts
 * import { broadcast, connectionPair } from 'rxjs-net';
 * import { concatMap, interval, take } from 'rxjs';
 *
 * const prices = broadcast<number>({ encode: (price) => `${price}\n`, slow: 'drop' });
 * const [client, server] = connectionPair();
 * prices.join(server.writer).subscribe();
 * client.reader.lines().subscribe(console.log); // 0, 1, 2
 *
 * interval(10)
 *   .pipe(
 *     take(3),
 *     concatMap((price) => prices.send(price)),
 *   )
 *   .subscribe();
 * ```
 */
export function broadcast<T>(options: BroadcastOptions<T> & { encode: (value: T) => Data }): Broadcast<T>;
/**
 * Sends bytes or text, as they are, to many writers.
 *
 * @experimental
 */
export function broadcast<T extends Data = Data>(options?: BroadcastOptions<T>): Broadcast<T>;
export function broadcast<T>(options: BroadcastOptions<T> = {}): Broadcast<T> {
  checkBroadcastOptions(options);
  return new Broadcast(options);
}

/**
 * What `broadcast` gives: writers join it, and values are sent to all that have joined.
 *
 * @experimental
 *
 * @example
 * ```ts
 * import { broadcast, connectionPair } from 'rxjs-net';
 *
 * const room = broadcast<string>({ encode: (line) => `${line}\n` });
 * const [client, server] = connectionPair();
 * client.reader.lines().subscribe(console.log); // hello
 *
 * const member = room.join(server.writer, { slow: 'wait' }).subscribe();
 * console.log(room.size); // 1
 * room.send('hello').subscribe({ complete: () => member.unsubscribe() });
 * console.log(room.size); // 0
 * ```
 */
export class Broadcast<T> {
  readonly #options: BroadcastOptions<T>;
  readonly #members = new Audience<BroadcastMember>();
  readonly #sends = new Queue<Send>();
  // What is sent, to whom, and who is next.
  #send: Send | undefined;
  #audience: readonly BroadcastMember[] = [];
  #next = 0;
  readonly #sending = new Reentrant(() => this.#sendAll());

  /** @internal */
  constructor(options: BroadcastOptions<T>) {
    this.#options = options;
  }

  /** How many members there are. */
  get size(): number {
    return this.#members.all.length;
  }

  /**
   * Makes a writer a member, as long as it is subscribed: it gets what is sent from then on.
   *
   * - **Emits** nothing, and does not complete.
   * - **Errors** as `drain()`, as soon as the connection is lost or closed; with `WriteAfterEndError` at the first value
   *   after `writeEof()`; with `SlowConsumerError` under `disconnect`. The others hear nothing of it.
   * - **Unsubscribe** leaves: what was written is sent, what was kept is dropped. The writer stays open.
   * - **Buffers** under `drop` one value; otherwise nothing but what the writer queues: under `disconnect` up to `limit`,
   *   under `wait` one value for each sender at a time.
   */
  join(writer: StreamWriter, options: JoinOptions = {}): Observable<never> {
    checkMethod('writer must be a StreamWriter', writer, 'drain');
    checkOptions(options);
    const { slow = this.#options.slow ?? 'disconnect' } = options;
    checkSlow(slow);
    const { limit = 1024 * 1024 } = this.#options;
    return new Observable((subscriber) => {
      subscriber.add(writer.onGone((error) => subscriber.error(error)));
      if (!subscriber.closed) this.#members.add(new BroadcastMember(writer, subscriber, slow, limit));
    });
  }

  /**
   * Sends a value to all that are members then, when subscribed to.
   *
   * - **Emits** nothing. **Completes** when every member with `wait` has room: for `concatMap`, and the work of `consume`.
   * - **Errors** with what `encode` throws, or a `TypeError` for what it gives; nobody gets anything then. Never with an
   *   error of a member.
   * - **Unsubscribe** waits no longer. What has begun is sent to all.
   *
   * What is sent from inside a send (a member that answers at once) is sent after it: so all members get all values in
   * the same order. The bytes are borrowed until they have been sent, as those of `write`.
   */
  send(value: T, options: BroadcastSendOptions = {}): Observable<never> {
    checkOptions(options);
    const { except } = options;
    if (except !== undefined) checkMethod('except must be a StreamWriter', except, 'drain');
    return new Observable((subscriber) => {
      const { encode } = this.#options;
      const data = encode === undefined ? value : encode(value);
      checkData(data);
      this.#sends.push(new Send(new BroadcastMessage(data as Data), subscriber, except));
      this.#sending.run();
    });
  }

  // Called again after an error of somebody who was told: it goes on with whoever is next.
  #sendAll(): void {
    this.#finish();
    for (let send = this.#sends.shift(); send !== undefined; send = this.#sends.shift()) {
      if (send.subscriber.closed) continue;
      this.#send = send;
      this.#audience = this.#members.all;
      this.#next = 0;
      this.#finish();
    }
  }

  #finish(): void {
    const send = this.#send;
    if (send === undefined) return;
    while (this.#next < this.#audience.length) {
      const member = this.#audience[this.#next++]!;
      if (!member.closed && member.writer !== send.except) send.to(member);
    }
    this.#send = undefined;
    this.#audience = [];
    send.done();
  }
}

/** One value on its way. */
class Send {
  // The sending itself, and each member whose room is waited for.
  #pending = 1;

  constructor(
    readonly message: BroadcastMessage,
    readonly subscriber: Subscriber<never>,
    readonly except: StreamWriter | undefined,
  ) {}

  to(member: BroadcastMember): void {
    member.take(this.message);
    if (!member.isFull || this.subscriber.closed) return;
    this.#pending++;
    const forget = member.onRoom(() => {
      forget();
      this.done();
    });
    this.subscriber.add(forget);
  }

  done(): void {
    if (--this.#pending === 0) this.subscriber.complete();
  }
}
