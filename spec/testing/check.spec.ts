import { NEVER, Observable } from 'rxjs';
import type { Connection } from '../../src/index.js';
import {
  chaos,
  chaosFrom,
  checkDecoder,
  manualConnection,
  ManualTransport,
  marbleConnection,
  networkPair,
  networkTransports,
  scriptedConnection,
  showBytes,
  wiretap,
  withChaos,
  type Chaos,
  type ScriptStep,
} from '../../src/testing.js';

const helpers = { hot: <T>(): Observable<T> => NEVER };
const notBytes: readonly unknown[] = [
  5,
  5n,
  null,
  undefined,
  true,
  [1, 2],
  {},
  new DataView(new ArrayBuffer(2)),
];
const wide = [...notBytes, new Uint16Array(2), new ArrayBuffer(2)];

/** What types forbid and JavaScript allows: by what the call says of it. */
const calls: readonly (readonly [says: RegExp, type: typeof TypeError, call: () => unknown])[] = [
  ...wide.flatMap((data): (readonly [RegExp, typeof TypeError, () => unknown])[] => [
    [
      /^A chunk must be a string or a Uint8Array/,
      TypeError,
      () => new ManualTransport().receive(data as string),
    ],
    [/^data must be a string or a/, TypeError, () => new ManualTransport().write(data as string)],
    [/^data must be a string or a/, TypeError, () => networkTransports()[0].write(data as string)],
    [/^Step 1: expect must be a/, TypeError, () => scriptedConnection([{ expect: data as string }])],
    [/^Step 1: reply must be a/, TypeError, () => scriptedConnection([{ reply: data as string }])],
    [
      /^values.a must be a/,
      TypeError,
      () => marbleConnection(helpers, { incoming: 'a', values: { a: data as string } }),
    ],
    [/^bytes must be a string/, TypeError, () => checkDecoder(() => ({ decode: () => 1 }), data as string)],
    [/^showBytes\(\) takes/, TypeError, () => showBytes(data as string)],
  ]),
  ...['yes', 1, 0, null, {}].flatMap((flag): (readonly [RegExp, typeof TypeError, () => unknown])[] => [
    [/^holdWrites must be true or false/, TypeError, () => manualConnection({ holdWrites: flag as boolean })],
    [/^canWriteEof must be true or/, TypeError, () => manualConnection({ canWriteEof: flag as boolean })],
    [
      /^canWriteEof must be true/,
      TypeError,
      () => marbleConnection(helpers, { canWriteEof: flag as boolean }),
    ],
    [/^Step 1: eof must be true/, TypeError, () => scriptedConnection([{ eof: flag as true }])],
    [/^Step 1: expectEof must be/, TypeError, () => scriptedConnection([{ expectEof: flag as true }])],
    [/^Step 1: expectClose must/, TypeError, () => scriptedConnection([{ expectClose: flag as true }])],
    [/^Step 1: reset must be true or an/, TypeError, () => scriptedConnection([{ reset: flag as true }])],
    [
      /^incoming must be a marble|^helpers/,
      TypeError,
      () => marbleConnection(helpers, { incoming: 7 as never }),
    ],
    [/^chaos must be what chaos\(\)/, TypeError, () => networkPair({ chaos: flag as unknown as Chaos })],
    [
      /^clogged\$ must be an Obs/,
      TypeError,
      () => networkPair({ clogged$: flag as unknown as typeof NEVER }),
    ],
    [/^wiretap\(\) takes a function/, TypeError, () => wiretap(flag as never)],
    [/^withChaos\(\) needs a body/, TypeError, () => withChaos(flag as never)],
  ]),
  ...['5', 5n, NaN, -1, null, [3]].flatMap((n): (readonly [RegExp, typeof RangeError, () => unknown])[] => [
    [/^bytes must be a number of 0/, RangeError, () => new ManualTransport().drain(n as number)],
    [/^latency must be 0 to 2\^31/, RangeError, () => networkPair({ latency: n as number })],
    [/^bandwidth must be more than/, RangeError, () => networkPair({ bandwidth: n as number })],
    [/^chunkSize must be a positive/, RangeError, () => networkPair({ chunkSize: n as number })],
    [/^window must be a positive/, RangeError, () => networkPair({ window: n as number })],
    [/^Step 1: wait must be 0 to/, RangeError, () => scriptedConnection([{ wait: n as number }])],
    [
      /^drainValues.a must be a number of/,
      RangeError,
      () => marbleConnection(helpers, { drain: 'a', drainValues: { a: n as number } }),
    ],
    [/^seed must be an integer/, RangeError, () => chaos(n as number)],
    [/^seed must be an integer/, RangeError, () => withChaos(() => 0, { seed: n as number })],
    [/^runs must be a positive/, RangeError, () => withChaos(() => 0, { runs: n as number })],
    [/^A decision must be a number/, RangeError, () => chaosFrom([n as number])],
    [/^resets must be a probability/, RangeError, () => chaos(1, { resets: n as number })],
    [/^maxDelay must be more than 0/, RangeError, () => chaos(1, { maxDelay: n as number })],
  ]),
  ...['pieces', 'turns', 'delays', 'resets', 'halfCloses'].map(
    (name) =>
      [
        /must be a probability from 0 to 1, not "0.5"$/,
        RangeError,
        () => chaos(1, { [name]: '0.5' }),
      ] as const,
  ),
  ...[null, 'steps', {}, 5].map(
    (steps) =>
      [
        /^A script is an array of steps/,
        TypeError,
        () => scriptedConnection(steps as unknown as []),
      ] as const,
  ),
  ...[null, 5, 'eof', {}, { expect: 'a', reply: 'b' }, { other: 1 }, undefined, { big: 5n }].map(
    (step) =>
      [
        /^Step 1 is no step of a script: /,
        TypeError,
        () => scriptedConnection([step as unknown as ScriptStep]),
      ] as const,
  ),
];

describe('What types forbid', () => {
  it('throws at the call, in all of the test kit', () => {
    for (const [says, type, call] of calls) expect(call).withContext(String(call)).toThrowError(type, says);
  });

  it('leaves no hole of an array of steps out', () => {
    const steps: ScriptStep[] = [{ reply: 'a' }];
    steps[2] = { reply: 'b' };
    expect(() => scriptedConnection(steps)).toThrowError(
      TypeError,
      /^Step 2 is no step of a script: undefined/,
    );
  });

  it('makes no connection when it throws in the middle: a wrap that throws ends the network', () => {
    let open = 0;
    const clogged$ = new Observable<boolean>(() => {
      open++;
      return () => open--;
    });
    const wrap = (): never => {
      throw new Error('of wrap');
    };
    expect(() => networkPair({ clogged$, wrap })).toThrowError('of wrap');
    expect(open).toBe(0);
  });

  it('is no matter of what chaosFrom was given: a list that changes later changes nothing', () => {
    const decisions = [0.75];
    const made = chaosFrom(decisions);
    decisions[0] = 0;
    const [client, server] = networkPair({ chaos: made });
    expect(sizes(client, server)).toEqual([2, 3]);
    expect(made.replay).toBe('chaosFrom([0.75])');
  });

  it('keeps the seed in the message, whatever the body throws', () => {
    const unreadable = {
      get message(): string {
        throw new Error('no');
      },
    };
    for (const thrown of [Object.create(null) as unknown, unreadable, Symbol('s'), 5n, undefined]) {
      const run = (): never => {
        throw thrown;
      };
      expect(() => withChaos(run, { seed: 7 })).toThrowError(/^Fails with chaos\(7\) \(run 1 of 100\): /);
    }
  });
});

function sizes(client: Connection, server: Connection): number[] {
  const lengths: number[] = [];
  server.reader.chunks().subscribe((chunk) => lengths.push(chunk.length));
  client.writer.write('hello');
  return lengths;
}
