import { checkOptions } from '../bytes/check.js';
import { printable } from '../bytes/printable.js';
import { checkMethod, checkMilliseconds } from './check.js';
import type { Connection } from './Connection.js';
import { ConnectionCore } from './ConnectionCore.js';
import { Consumption } from './Consumption.js';
import type { ActiveRead } from './FrameRead.js';
import type { SocketAddress } from './Transport.js';

/**
 * Who holds a connection up:
 *
 * | cause     | who                                                                                            |
 * | --------- | ---------------------------------------------------------------------------------------------- |
 * | `nobody`  | nothing stands still, or all that is missing is what the peer has no reason to send             |
 * | `work`    | the work of `consume` on a frame, a step of `converse`, or a consumer of `framed` has not ended |
 * | `reader`  | bytes wait, and nobody reads them                                                              |
 * | `rate`    | a rate limit                                                                                   |
 * | `peer`    | the peer does not take what is written to it, or closed                                        |
 * | `frame`   | the peer has sent a part of what a read waits for, and then no more                            |
 * | `place`   | nobody has taken the connection: it waits for a place of `serve`, or for a subscriber          |
 *
 * See {@link explainStall}.
 *
 * @experimental
 */
export type StallCause = 'nobody' | 'work' | 'reader' | 'rate' | 'peer' | 'frame' | 'place';

/**
 * What {@link explainStall} gives.
 *
 * @experimental
 */
export interface StallExplanation {
  /** Who holds it up. */
  readonly cause: StallCause;
  /** For how long it has stood still, in milliseconds; 0 if nobody holds it up. */
  readonly for: number;
  /** The whole of it, in a sentence. */
  readonly message: string;
}

/**
 * Options of {@link explainStall}.
 *
 * @experimental
 */
export interface ExplainStallOptions {
  /** Milliseconds, 0 or more, that something has to stand still before somebody is blamed. Default: 1000. */
  after?: number;
}

interface Finding {
  readonly cause: StallCause;
  readonly for: number;
  /** The holder first, then what it holds up. */
  readonly parts: readonly string[];
}

/**
 * Says in a sentence why a connection stands still, and names who holds it up: the work on a frame, a peer that does not
 * take what is written, bytes that nobody reads, a frame that is not finished, a rate, a place that is missing. It follows
 * `pipeTo` from reader to writer and back, and so finds the holder at the far end of a proxy or a gateway. It looks at the
 * moment only, and changes nothing.
 *
 * What has stood still for less than `after` milliseconds, and a connection that is idle as its peer sends nothing, is
 * nobody's fault: `cause` is `nobody`.
 *
 * @experimental
 *
 * @throws `TypeError` for what is no connection, `RangeError` for an `after` below 0
 *
 * @example
 * ```ts
 * import { connectionPair, explainStall, lines } from 'rxjs-net';
 * import { NEVER } from 'rxjs';
 *
 * const [client, server] = connectionPair();
 * server.reader.consume(lines(), (line) => (line === 'three' ? NEVER : undefined)).subscribe();
 * client.writer.write('one\ntwo\nthree\nfour\n');
 *
 * const { cause, message } = explainStall(server, { after: 0 });
 * console.log(cause); // work
 * console.log(message.replace(/[\d.]+ s/, 'T')); // the handler's work on frame 3 has been running for T; 5 bytes are buffered
 * ```
 */
export function explainStall(connection: Connection, options: ExplainStallOptions = {}): StallExplanation {
  checkMethod('connection must be a Connection', connection, 'inspect');
  checkOptions(options);
  const { after = 1000 } = options;
  checkMilliseconds('after', after);
  const finding = new Search(after).connection(connection.core);
  if (finding === undefined) return { cause: 'nobody', for: 0, message: healthy(connection.core) };
  return { cause: finding.cause, for: finding.for, message: finding.parts.join('; ') };
}

/** One look at a connection, and at all that pipes connect it with. */
class Search {
  readonly #after: number;
  // Two pipes make a circle of two connections.
  readonly #seen = new Set<ConnectionCore>();

  constructor(after: number) {
    this.#after = after;
  }

  connection(core: ConnectionCore): Finding | undefined {
    if (this.#seen.has(core) || core.lifecycle.phase === 'gone') return undefined;
    this.#seen.add(core);
    return this.#place(core) ?? this.#reading(core) ?? this.#writing(core) ?? this.#upstream(core);
  }

  #place({ waitsFor, reads }: ConnectionCore): Finding | undefined {
    if (waitsFor === undefined) return undefined;
    return this.#since(waitsFor.since, reads.now(), (time) => ({
      cause: 'place',
      parts: [`it has waited ${time} for ${waitsFor.what}`],
    }));
  }

  #reading(core: ConnectionCore): Finding | undefined {
    const { reads } = core;
    const [read, ...others] = reads.active;
    const finding = read === undefined ? this.#unread(core) : this.#read(read, core);
    if (finding === undefined) return undefined;
    const parts = [...finding.parts];
    if (others.length > 0)
      parts.push(count(others.length, 'read', 'more waits for its turn', 'more wait for their turn'));
    if (finding.cause !== 'frame' && finding.cause !== 'reader' && reads.length > 0)
      parts.push(count(reads.length, 'byte', 'is buffered', 'are buffered'));
    if (core.standstill('read')?.isNow) parts.push('the transport is paused');
    return { ...finding, parts };
  }

  #read(read: ActiveRead, core: ConnectionCore): Finding | undefined {
    const { reads } = core;
    const consumption = read.subscriber instanceof Consumption ? read.subscriber : undefined;
    if (consumption?.writer !== undefined)
      return this.#pipe(read, consumption.works, consumption.writer.core);
    const [work] = consumption?.works ?? [];
    if (work !== undefined && read.full)
      return this.#since(work.since, reads.now(), (time) => ({
        cause: 'work',
        parts: [`the handler's work on frame ${work.frame} has been running for ${time}`],
      }));
    if (read.full)
      return this.#since(read.since, reads.now(), (time) => ({
        cause: 'work',
        parts: [
          `${read.kind.verb === 'converse' ? 'a step of the conversation' : callOf(read)} has waited ${time} for something else than bytes`,
        ],
      }));
    const { limitedFor } = core.transport;
    if (limitedFor !== undefined)
      return this.#since(reads.now() - limitedFor, reads.now(), (time) => ({
        cause: 'rate',
        parts: [`the readRate has let nothing pass for ${time}`],
      }));
    // An idle peer is nobody's fault; one that stops within a frame is.
    if (reads.length === 0) return undefined;
    return this.#since(Math.max(reads.leftSince, read.since), reads.now(), (time) => ({
      cause: 'frame',
      parts: [
        `${callOf(read)} has waited ${time} for the rest: ${count(reads.length, 'byte', 'has come so far', 'have come so far')}`,
      ],
    }));
  }

  #pipe(
    read: ActiveRead,
    works: Consumption<unknown, unknown>['works'],
    target: ConnectionCore,
  ): Finding | undefined {
    if (!read.full) return undefined;
    const finding = this.connection(target);
    if (finding !== undefined)
      return { ...finding, parts: [...finding.parts, 'pipeTo waits for room in its writer'] };
    // There is room: what is left to wait for is its turn.
    const [work] = target.standstill('write')?.isNow ? [] : works;
    if (work === undefined) return undefined;
    return this.#since(work.since, target.reads.now(), (time) => ({
      cause: 'rate',
      parts: [`the rate of pipeTo has let nothing pass for ${time}`],
    }));
  }

  #unread({ reads }: ConnectionCore): Finding | undefined {
    if (reads.length === 0) return undefined;
    return this.#since(reads.leftSince, reads.now(), (time) => ({
      cause: 'reader',
      parts: [`nobody has read for ${time}: ${count(reads.length, 'byte', 'waits', 'wait')}`],
    }));
  }

  #writing(core: ConnectionCore): Finding | undefined {
    const { lifecycle, reads, writes, transport } = core;
    const standstill = core.standstill('write');
    const queued = transport.writeQueueSize;
    const now = reads.now();
    const closing = lifecycle.phase === 'closing';
    if (queued === 0 || !(closing || standstill?.isNow)) return undefined;
    const pausedSince = standstill?.isNow ? now - standstill.current(now) : core.since;
    const since = Math.max(pausedSince, writes.lastTaken, core.closingSince);
    return this.#since(since, now, (time) => ({
      cause: 'peer',
      parts: [
        `${peerOf(core)} has taken nothing for ${time}: ${count(queued, 'byte', 'is queued', 'are queued')}${closing ? `, and the close waits for ${queued === 1 ? 'it' : 'them'}` : ''}`,
      ],
    }));
  }

  // What is piped here may be held up before it comes.
  #upstream({ writes }: ConnectionCore): Finding | undefined {
    for (const { connection } of writes.sources ?? []) {
      const finding = connection instanceof ConnectionCore ? this.connection(connection) : undefined;
      if (finding !== undefined)
        return { ...finding, parts: [...finding.parts, 'so nothing is piped to this connection'] };
    }
    return undefined;
  }

  #since(since: number, now: number, found: (time: string) => Omit<Finding, 'for'>): Finding | undefined {
    const milliseconds = now - since;
    if (milliseconds < this.#after) return undefined;
    return { ...found(`${(milliseconds / 1000).toFixed(1)} s`), for: milliseconds };
  }
}

function healthy({ lifecycle, reads }: ConnectionCore): string {
  if (lifecycle.phase === 'gone') return `nothing stands still: ${lifecycle.error!.message}`;
  const [read] = reads.active;
  if (read !== undefined && !read.full && reads.length === 0)
    return `nothing stands still: ${callOf(read)} waits for the peer to send`;
  return 'nothing stands still';
}

function callOf({ kind: { verb, argument } }: ActiveRead): string {
  if (argument === undefined) return `${verb}()`;
  const text = typeof argument === 'string' ? JSON.stringify(argument) : textOf(argument);
  return `${verb}(${printable(text, 40)})`;
}

function textOf(argument: unknown): string {
  return typeof argument === 'number' ? argument.toString() : '…';
}

function peerOf({ transport }: ConnectionCore): string {
  const { address, port } = (transport.getExtraInfo('peername') ?? {}) as Partial<SocketAddress>;
  return address === undefined || address === ''
    ? 'the peer'
    : `the peer ${port === 0 ? address : `${address}:${port}`}`;
}

function count(n: number, what: string, one: string, many: string): string {
  return n === 1 ? `1 ${what} ${one}` : `${n.toLocaleString('en-US')} ${what}s ${many}`;
}
