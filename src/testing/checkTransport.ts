import { encodeText } from '../bytes/text.js';
import type { Transport } from '../streams/Transport.js';
import { MEBIBYTE, TransportTrial } from './TransportTrial.js';

// Longer than other files, because of the one list of rules below: each stands for itself.

/** What is not the same for all transports. */
export interface TransportTraits {
  /** Whether `abort` is seen by the peer as a broken connection. Without it, it may look like an end. Default: true. */
  resets?: boolean;
  /** Whether one direction can be ended alone (`canWriteEof`). Without it, rules that need it are left out. Default: true. */
  halfCloses?: boolean;
  /** Milliseconds that a check waits for any one thing to happen. Default: 3000. */
  timeout?: number;
}

/** Makes two ends of one new connection, connected and not started; called at least once for each rule. */
export type MakeTransportPair = () =>
  Promise<readonly [Transport, Transport]> | readonly [Transport, Transport];

/** One rule of the transport contract, as a test to be registered in any framework. */
export interface ContractCheck {
  /** The rule, as a sentence about the transport: `bears a second close`. */
  readonly name: string;
  /** Rejects with an error that says what was expected, what happened, and what both ends were told. */
  run(): Promise<void>;
}

/**
 * The contract of `Transport` as a list of checks, one for each rule, to be registered as tests one by one.
 *
 * Each check makes a pair of its own and aborts both ends when it is over. Random data is the same in every run; its
 * seed stands in the failure. Bytes that have arrived tell a check that time has passed, so that it needs no sleeps.
 *
 * The checks cover what the comments of `Transport` promise: nothing is told before `start` and nothing after
 * `closed`, the order of data, end and close, half-close, pausing, the count of what waits, `close` and `abort` in
 * every state and from inside every call, a megabyte both ways at once.
 *
 * @param make the transport under test, twice: two connected ends, not started
 *
 * @example
 * ```ts
 * import { ManualTransport, transportChecks } from 'rxjs-net/testing';
 *
 * // With a test framework: for (const check of transportChecks(make)) it(check.name, () => check.run());
 * const checks = transportChecks(() => [new ManualTransport(), new ManualTransport()], { timeout: 50 });
 * console.log(checks[0]?.name); // keeps what comes before start, and delivers it then
 * // Two transports that are not connected with each other break it.
 * checks[0]?.run().catch(() => console.log('failed')); // failed
 * ```
 */
export function transportChecks(
  make: MakeTransportPair,
  traits: TransportTraits = {},
): readonly ContractCheck[] {
  const { resets = true, halfCloses = true, timeout = 3000 } = traits;
  if (!(timeout > 0 && timeout < 2 ** 31)) {
    throw new RangeError(`timeout must be 1 to 2^31 - 1 milliseconds, not ${timeout}`);
  }
  const given = { always: true, reset: resets, halfClose: halfCloses, noHalfClose: !halfCloses };
  const makeTrial = async (): Promise<TransportTrial> => new TransportTrial(await make(), timeout, makeTrial);
  return rules
    .filter(({ needs }) => given[needs])
    .map(({ name, check }) => ({ name, run: () => runCheck(name, check, makeTrial) }));
}

/**
 * Checks a transport against the whole contract, rule by rule, and rejects with one error that lists all it breaks.
 *
 * `transportChecks` gives the same rules one by one, for a test each.
 *
 * @param make the transport under test, twice: two connected ends, not started
 *
 * @example
 * ```ts
 * import type { Transport, TransportReceiver } from 'rxjs-net';
 * import { checkTransport } from 'rxjs-net/testing';
 *
 * // A transport that does nothing at all.
 * class Deaf implements Transport {
 *   readonly canWriteEof = false;
 *   readonly writeQueueSize = 0;
 *   start(_receiver: TransportReceiver) {}
 *   write() {}
 *   writeEof() {}
 *   pause() {}
 *   resume() {}
 *   close() {}
 *   abort() {}
 *   getExtraInfo() {}
 * }
 *
 * checkTransport(() => [new Deaf(), new Deaf()], { halfCloses: false, timeout: 5 }).catch((error: unknown) => {
 *   const [, first] = String(error).split('\n');
 *   console.log(first?.split(':')[0]); // - delivers at start what a peer sent that has closed since
 * });
 * ```
 */
export async function checkTransport(make: MakeTransportPair, traits?: TransportTraits): Promise<void> {
  const checks = transportChecks(make, traits);
  const failures: Error[] = [];
  for (const check of checks) {
    await check.run().catch((error: unknown) => failures.push(error as Error));
  }
  if (failures.length === 0) return;
  const list = failures.map(({ message }) => `- ${message}`).join('\n');
  throw new Error(`The transport breaks ${failures.length} of ${checks.length} rules:\n${list}`, {
    cause: failures[0],
  });
}

async function runCheck(
  name: string,
  check: Rule['check'],
  makeTrial: () => Promise<TransportTrial>,
): Promise<void> {
  let trial: TransportTrial | undefined;
  try {
    trial = await makeTrial();
    await check(trial, trial);
    trial.checkOrder();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${name}: ${reason}${trial?.report() ?? ''}`, { cause: error });
  } finally {
    trial?.end();
  }
}

interface Rule {
  readonly name: string;
  /** Gets the trial twice: to call, and to take apart. */
  readonly check: (trial: TransportTrial, parts: TransportTrial) => Promise<void> | void;
  readonly needs: 'always' | 'reset' | 'halfClose' | 'noHalfClose';
}

function rule(name: string, check: Rule['check'], needs: Rule['needs'] = 'always'): Rule {
  return { name, check, needs };
}

const rules: readonly Rule[] = [
  rule(
    'keeps what comes before start, and delivers it then',
    async (trial, { one, other, toOne, toOther }) => {
      one.start(toOne);
      one.write('early ');
      one.write('bird');
      one.writeEof();
      trial.equal('calls before start', toOther.calls, 0);
      other.start(toOther);
      await toOther.untilEof();
      trial.equal('what the other end received', toOther.text, 'early bird');
      trial.equal('what the other end was told', toOther.order, ['data', 'eof']);
    },
    'halfClose',
  ),
  rule(
    'delivers at start what a peer sent that has closed since',
    async (trial, { one, other, toOne, toOther }) => {
      one.start(toOne);
      one.write('farewell');
      one.close();
      other.start(toOther);
      await toOther.untilEof();
      trial.equal('what the other end received', toOther.text, 'farewell');
      other.close();
      await toOther.untilClosed();
      trial.equal('what the other end was told', toOther.order, ['data', 'eof', 'closed']);
      trial.equal('the error that the other end was closed with', toOther.errors, [undefined]);
    },
  ),
  rule(
    'tells of data, then of the end, then of the close, and of nothing after',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      one.write('question');
      one.writeEof();
      await toOther.untilEof();
      other.write('answer');
      other.close();
      await toOne.untilEof();
      one.close();
      await toOne.untilClosed();
      await toOther.untilClosed();
      const calls = [toOne.calls, toOther.calls];
      one.pause();
      one.resume();
      one.close();
      one.abort();
      other.abort();
      await trial.letTimePassElsewhere();
      trial.equal('what the two ends received', [toOne.text, toOther.text], ['answer', 'question']);
      trial.equal('what one end was told', toOne.order, ['data', 'eof', 'closed']);
      trial.equal('what the other end was told', toOther.order, ['data', 'eof', 'closed']);
      trial.equal(
        'the errors that they were closed with',
        [toOne.errors, toOther.errors],
        [[undefined], [undefined]],
      );
      trial.equal('calls, also after closed', [toOne.calls, toOther.calls], calls);
    },
    'halfClose',
  ),
  rule(
    'is closed when both directions have ended',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      one.writeEof();
      await toOther.untilEof();
      other.writeEof();
      await toOther.untilClosed();
      await toOne.untilClosed();
      trial.equal('what one end was told', toOne.order, ['eof', 'closed']);
      trial.equal('what the other end was told', toOther.order, ['eof', 'closed']);
      trial.equal(
        'the errors that they were closed with',
        [...toOne.errors, ...toOther.errors],
        [undefined, undefined],
      );
    },
    'halfClose',
  ),
  rule('bears a second close', async (trial, { one, other, toOne, toOther }) => {
    trial.start();
    one.close();
    one.close();
    await toOne.untilClosed();
    one.close();
    await toOther.untilEof();
    other.close();
    await toOther.untilClosed();
    trial.equal('how often one end was closed', toOne.order.filter((event) => event === 'closed').length, 1);
    trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
  }),
  rule('bears a second abort, whose reason does not count', async (trial, { one, toOne }) => {
    trial.start();
    one.abort('first');
    one.abort('second');
    await toOne.untilClosed();
    one.abort('third');
    await trial.letTimePassElsewhere();
    trial.equal('what one end was told', toOne.order, ['closed']);
    trial.equal('the error that one end was closed with', toOne.errors, ['first']);
  }),
  rule('can be aborted while it is closing', async (trial, { one, other, toOne }) => {
    trial.start();
    other.pause();
    await trial.writeUntilStuck();
    one.close();
    await trial.letTimePassElsewhere();
    trial.equal('closed already', toOne.order.includes('closed'), false);
    trial.true(
      'bytes in the write queue that a stopped peer cannot have taken',
      one.writeQueueSize > 0,
      one.writeQueueSize,
    );
    one.abort('enough');
    await toOne.untilClosed();
    trial.equal('the error that one end was closed with', toOne.errors, ['enough']);
    trial.equal('the last that one end was told', toOne.order.at(-1), 'closed');
  }),
  rule('can be aborted right after close', async (trial, { one, toOne }) => {
    trial.start();
    one.close();
    one.abort('at once');
    await toOne.untilClosed();
    trial.equal('what one end was told', toOne.order, ['closed']);
    trial.equal('how often one end was closed', toOne.errors.length, 1);
  }),
  rule(
    'can be aborted right after the end of its own direction',
    async (trial, { one, toOne }) => {
      trial.start();
      one.write('the last word');
      one.writeEof();
      one.abort('at once');
      await toOne.untilClosed();
      trial.equal('what one end was told', toOne.order, ['closed']);
      trial.equal('the error that one end was closed with', toOne.errors, ['at once']);
    },
    'halfClose',
  ),
  rule(
    'can be aborted when the peer has seen the end of its direction',
    async (trial, { one, toOne, toOther }) => {
      trial.start();
      one.writeEof();
      await toOther.untilEof();
      one.abort('later');
      await toOne.untilClosed();
      trial.equal('what one end was told', toOne.order, ['closed']);
      trial.equal('the error that one end was closed with', toOne.errors, ['later']);
    },
    'halfClose',
  ),
  rule('bears a close after an abort', async (trial, { one, toOne }) => {
    trial.start();
    one.abort('over');
    one.close();
    await toOne.untilClosed();
    trial.equal('what one end was told', toOne.order, ['closed']);
    trial.equal('the error that one end was closed with', toOne.errors, ['over']);
  }),
  rule('sends what was written before it closes', async (trial, { one, toOne, toOther }) => {
    const sent = trial.randomBytes(2 * MEBIBYTE);
    trial.start();
    for (const chunk of trial.randomChunks(sent, 100_000)) one.write(chunk);
    one.close();
    await toOther.untilEof();
    await toOne.untilClosed();
    trial.sameBytes('what the other end received', toOther.bytes, sent);
    trial.equal('what the other end was told', toOther.order, ['data', 'eof']);
    trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
  }),
  rule(
    'goes on sending after close until a peer that had stopped has taken everything',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      other.pause();
      const written = await trial.writeUntilStuck();
      one.close();
      other.resume();
      await toOther.untilEof();
      await toOne.untilClosed();
      trial.equal('bytes that the other end received', toOther.length, written);
      trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
    },
  ),
  rule(
    'tells of no data and no end any more while it is closing',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      other.pause();
      const written = await trial.writeUntilStuck();
      const before = toOne.length;
      one.close();
      other.write('late');
      other.writeEof();
      await trial.letTimePassElsewhere();
      other.resume();
      await toOne.untilClosed();
      trial.equal('bytes told', toOne.length, before);
      trial.equal('what one end was told', toOne.order, ['data', 'closed']);
      await toOther.untilReceived(written);
      trial.equal('bytes that the other end received', toOther.length, written);
    },
    'halfClose',
  ),
  rule('closes also while it is paused with bytes waiting', async (trial, { one, other, toOne }) => {
    trial.start();
    one.pause();
    other.write('nobody reads this');
    one.close();
    await toOne.untilClosed();
    trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
    trial.equal('bytes delivered after close', toOne.length, 0);
  }),
  rule(
    'carries a megabyte in random chunks both ways at once',
    async (trial, { one, other, toOne, toOther }) => {
      const forth = trial.randomBytes(MEBIBYTE);
      const back = trial.randomBytes(MEBIBYTE);
      trial.start();
      const forthChunks = trial.randomChunks(forth, 5000);
      const backChunks = trial.randomChunks(back, 5000);
      for (let i = 0; i < Math.max(forthChunks.length, backChunks.length); i++) {
        const [toWrite, toAnswer] = [forthChunks[i], backChunks[i]];
        if (toWrite !== undefined) one.write(toWrite);
        if (toAnswer !== undefined) other.write(toAnswer);
        if (i % 50 === 0) await trial.letTimePassElsewhere();
      }
      await toOther.untilReceived(forth.length);
      await toOne.untilReceived(back.length);
      trial.sameBytes('what the other end received', toOther.bytes, forth);
      trial.sameBytes('what one end received', toOne.bytes, back);
    },
  ),
  rule(
    'ends one direction and keeps the other',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      one.write('all I have to say');
      one.writeEof();
      await toOther.untilEof();
      trial.equal('what the other end received', toOther.text, 'all I have to say');
      other.write('a long ');
      await toOne.untilReceived(7);
      other.write('answer');
      await toOne.untilReceived(13);
      trial.equal('what one end received', toOne.text, 'a long answer');
      trial.equal('what one end was told', toOne.order, ['data']);
      trial.equal('what the other end was told', toOther.order, ['data', 'eof']);
      trial.equal('canWriteEof', one.canWriteEof, true);
    },
    'halfClose',
  ),
  rule(
    'stops delivering when paused but for what was under way, and goes on when resumed',
    async (trial, { one, other, toOther }) => {
      trial.start();
      one.write('begin');
      await toOther.untilReceived(5);
      other.pause();
      one.write(new Uint8Array(4 * MEBIBYTE));
      one.writeEof();
      await trial.letTimePass();
      trial.true(
        'at most 256 KiB in spite of the pause',
        toOther.length <= 5 + 256 * 1024,
        `${toOther.length} bytes`,
      );
      trial.equal('what the other end was told', toOther.order, ['data']);
      other.resume();
      await toOther.untilEof();
      trial.equal('bytes that the other end received', toOther.length, 5 + 4 * MEBIBYTE);
    },
    'halfClose',
  ),
  rule(
    'counts what it could not hand on, and tells of every decrease',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      other.pause();
      const written = await trial.writeUntilStuck();
      const before = one.writeQueueSize;
      one.write('é€😀');
      one.write(new Uint8Array(1000));
      trial.equal('writeQueueSize', one.writeQueueSize, before + 9 + 1000);
      const flushes = toOne.queueSizes.length;
      other.resume();
      await toOne.untilFlushed();
      await toOther.untilReceived(written + 1009);
      const sizes = toOne.queueSizes.slice(flushes);
      trial.equal('queue at the last flush', sizes.at(-1), 0);
      trial.equal(
        'every flush is a decrease',
        sizes,
        [...new Set(sizes)].sort((a, b) => b - a),
      );
      trial.equal('bytes that the other end received', toOther.length, written + 1009);
    },
  ),
  rule('drops what is written after it was aborted', async (trial, { one, toOne, toOther }) => {
    trial.start();
    one.abort('over');
    one.write('into the void');
    await toOne.untilClosed();
    const calls = toOne.calls;
    one.write('into the void');
    one.write(new Uint8Array(100_000));
    await trial.letTimePassElsewhere();
    trial.equal('calls after closed', toOne.calls, calls);
    trial.equal('bytes that the other end received', toOther.length, 0);
  }),
  rule(
    'drops at an abort what a peer that does not read had not taken',
    async (trial, { one, other, toOne }) => {
      trial.start();
      other.pause();
      await trial.writeUntilStuck();
      const flushes = toOne.queueSizes.length;
      one.abort('too slow');
      await toOne.untilClosed();
      trial.equal('flushes, which would say that it was sent', toOne.queueSizes.length, flushes);
      trial.equal('the error that one end was closed with', toOne.errors, ['too slow']);
      trial.equal('the last that one end was told', toOne.order.at(-1), 'closed');
    },
  ),
  rule(
    'shows an abort to the peer as an error, behind what it had received',
    async (trial, { one, toOne, toOther }) => {
      trial.start();
      one.write('hello');
      await toOther.untilReceived(5);
      one.abort();
      await toOther.untilClosed();
      await toOne.untilClosed();
      trial.equal('what the other end received', toOther.text, 'hello');
      trial.equal('what the other end was told', toOther.order, ['data', 'closed']);
      trial.isError('what the other end was closed with', toOther.errors[0]);
      trial.equal('the error that one end was closed with', toOne.errors, [undefined]);
    },
    'reset',
  ),
  rule(
    'drops what is written after the connection was lost',
    async (trial, { one, other, toOne }) => {
      trial.start();
      other.abort();
      await toOne.untilClosed();
      const calls = toOne.calls;
      one.write('too late');
      one.write(new Uint8Array(100_000));
      await trial.letTimePassElsewhere();
      trial.equal('calls after closed', toOne.calls, calls);
      trial.isError('what one end was closed with', toOne.errors[0]);
    },
    'reset',
  ),
  rule(
    'lets its calls be answered from inside: an abort in the middle of the data ends it there',
    async (trial, { one, other, toOther }) => {
      trial.start();
      toOther.onData = () => other.abort('seen enough');
      one.write('one');
      await toOther.untilClosed();
      one.write('two');
      await trial.letTimePassElsewhere();
      trial.equal('what the other end received', toOther.text, 'one');
      trial.equal('what the other end was told', toOther.order, ['data', 'closed']);
      trial.equal('the error that the other end was closed with', toOther.errors, ['seen enough']);
    },
  ),
  rule(
    'lets its calls be answered from inside: a close at the end of the stream',
    async (trial, { one, other, toOne, toOther }) => {
      trial.start();
      toOther.onEof = () => {
        other.write('bye');
        other.close();
      };
      one.writeEof();
      await toOther.untilClosed();
      await toOne.untilEof();
      one.close();
      await toOne.untilClosed();
      trial.equal('what one end received', toOne.text, 'bye');
      trial.equal('what one end was told', toOne.order, ['data', 'eof', 'closed']);
      trial.equal('what the other end was told', toOther.order, ['eof', 'closed']);
    },
    'halfClose',
  ),
  rule(
    'lets its calls be answered from inside: a pause in the middle of the data, and a resume later',
    async (trial, { one, other, toOther }) => {
      trial.start();
      toOther.onData = () => other.pause();
      one.write('one');
      await toOther.untilReceived(3);
      one.write('two');
      await trial.letTimePass();
      trial.equal('what the other end received', toOther.text, 'one');
      toOther.onData = () => undefined;
      other.resume();
      await toOther.untilReceived(6);
      trial.equal('what the other end received', toOther.text, 'onetwo');
    },
  ),
  rule('sends strings as UTF-8, in order with the bytes', async (trial, { one, toOther }) => {
    trial.start();
    one.write('grün ');
    one.write(Uint8Array.of(0xff, 0x00));
    one.write('€');
    one.write('😀');
    one.write(encodeText('!'));
    const expected = Uint8Array.of(...encodeText('grün '), 0xff, 0x00, ...encodeText('€😀!'));
    await toOther.untilReceived(expected.length);
    trial.sameBytes('what the other end received', toOther.bytes, expected);
  }),
  rule(
    'puts a replacement character for half a surrogate pair, whatever is written next to it',
    async (trial, { one, toOther }) => {
      trial.start();
      one.write('\ud83d');
      one.write('\ude00');
      await toOther.untilReceived(6);
      trial.equal('what the other end received', toOther.text, '\ufffd\ufffd');
    },
  ),
  rule('leaves an array to its owner once it has been flushed', async (trial, { one, toOne, toOther }) => {
    trial.start();
    const array = encodeText('first text');
    one.write(array);
    await toOne.untilFlushed();
    array.set(encodeText('other text'));
    one.write(array);
    await toOne.untilFlushed();
    array.fill(0);
    await toOther.untilReceived(20);
    trial.equal('what the other end received', toOther.text, 'first textother text');
  }),
  rule('delivers chunks that it never touches again', async (trial, { one, toOther }) => {
    trial.start();
    const atDelivery: Uint8Array[] = [];
    toOther.onData = (chunk) => atDelivery.push(chunk.slice());
    let written = 0;
    for (let i = 0; i < 100; i++) {
      const text = `${i} `.repeat(100);
      written += text.length;
      one.write(text);
      if (i % 10 === 0) await trial.letTimePass();
    }
    await toOther.untilReceived(written);
    for (const [i, chunk] of toOther.chunks.entries()) {
      trial.sameBytes(`chunk ${i}, looked at again`, chunk, atDelivery[i]!);
    }
  }),
  rule('knows nothing of names it has never heard of', (trial, { one }) => {
    trial.start();
    trial.equal('what is known of a name that nobody knows', one.getExtraInfo('no such name'), undefined);
  }),
  rule(
    'says that it cannot end one direction alone',
    (trial, { one }) => {
      trial.equal('canWriteEof', one.canWriteEof, false);
    },
    'noHalfClose',
  ),
];
