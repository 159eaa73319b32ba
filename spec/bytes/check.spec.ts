import {
  checkBoolean,
  checkBound,
  checkBytes,
  checkCount,
  checkData,
  checkFunction,
  checkLimit,
  checkOptions,
  checkWhole,
  described,
  isBytes,
} from '../../src/bytes/check.js';

function refuses(check: () => void, type: typeof TypeError | typeof RangeError, message: string): void {
  expect(check).withContext(message).toThrowError(type, message);
}
const passes = (check: () => void, what: unknown): void =>
  expect(check).withContext(String(what)).not.toThrow();

describe('the checks of arguments', () => {
  it('describe a value with its type where it might be taken for another', () => {
    const cases: [value: unknown, shown: string][] = [
      [1.5, '1.5'],
      [NaN, 'NaN'],
      [undefined, 'undefined'],
      [null, 'null (object)'],
      ['1', '1 (string)'],
      ['x'.repeat(41), `${'x'.repeat(40)}… (string)`],
      [1n, '1 (bigint)'],
      [true, 'true (boolean)'],
      [Symbol('s'), 'Symbol(s) (symbol)'],
      [{}, '[object Object]'],
      [[1], '[object Array]'],
      [new Uint16Array(1), '[object Uint16Array]'],
      [checkCount, 'the function checkCount'],
      [
        (
          () => () =>
            1
        )(),
        'the function',
      ],
    ];
    for (const [value, shown] of cases) expect(described(value)).toBe(shown);
  });

  it('know bytes', () => {
    expect(isBytes(new Uint8Array(1))).toBeTrue();
    for (const wrong of [new Int8Array(1), new DataView(new ArrayBuffer(1)), [1], 'a', null, undefined])
      expect(isBytes(wrong)).toBeFalse();
    // A name alone makes no array.
    expect(isBytes({ [Symbol.toStringTag]: 'Uint8Array' })).toBeFalse();
    const data = Uint8Array.of(1);
    expect(checkBytes('A key must be', data)).toBe(data);
    refuses(() => checkBytes('A key must be', 'a'), TypeError, 'A key must be a Uint8Array, not a (string)');
  });

  it('know what can be written', () => {
    for (const data of ['', 'a', new Uint8Array(0)]) passes(() => checkData(data), data);
    refuses(() => checkData([1]), TypeError, 'data must be a string or a Uint8Array, not [object Array]');
  });

  it('know a count of bytes', () => {
    for (const n of [0, 1, Number.MAX_SAFE_INTEGER]) passes(() => checkCount(n), n);
    for (const [n, shown] of [
      [-1, '-1'],
      [1.5, '1.5'],
      [NaN, 'NaN'],
      [Infinity, 'Infinity'],
      ['3', '3 (string)'],
    ] as const) {
      refuses(
        () => checkCount(n as number),
        RangeError,
        `A count of bytes must be a non-negative integer (bytes), not ${shown}`,
      );
    }
  });

  it('know a bound, which may be none or below 0', () => {
    for (const limit of [Infinity, 0, 1, -1]) passes(() => checkBound(limit), limit);
    for (const [limit, shown] of [
      [-Infinity, '-Infinity'],
      [0.5, '0.5'],
      ['1', '1 (string)'],
    ] as const) {
      refuses(
        () => checkBound(limit as number),
        RangeError,
        `limit must be an integer (bytes), not ${shown}`,
      );
    }
  });

  it('know a limit', () => {
    for (const limit of [1, Number.MAX_SAFE_INTEGER]) passes(() => checkLimit(limit), limit);
    for (const limit of [0, -1, 1.5, Infinity, 2 ** 53]) {
      refuses(() => checkLimit(limit), RangeError, `limit must be a positive integer (bytes), not ${limit}`);
    }
    refuses(
      () => checkLimit(0, 'maxLength'),
      RangeError,
      'maxLength must be a positive integer (bytes), not 0',
    );
  });

  it('know how many may be at once', () => {
    for (const [count, least] of [
      [1, 1],
      [0, 0],
      [Infinity, 1],
      [Infinity, 0],
    ] as const)
      passes(() => checkWhole('concurrency', count, least), count);
    for (const count of [0, -1, 1.5, NaN, -Infinity]) {
      refuses(
        () => checkWhole('concurrency', count, 1),
        RangeError,
        `concurrency must be a positive integer, or Infinity, not ${count}`,
      );
    }
    refuses(
      () => checkWhole('waiting', -1, 0),
      RangeError,
      'waiting must be a non-negative integer, or Infinity, not -1',
    );
    refuses(
      () => checkWhole('waiting', '2' as never, 0),
      RangeError,
      'waiting must be a non-negative integer, or Infinity, not 2 (string)',
    );
  });

  it('know options, which are neither data nor a list', () => {
    for (const options of [{}, { a: 1 }, new Map()]) passes(() => checkOptions(options), options);
    for (const [wrong, shown] of [
      [null, 'null (object)'],
      [undefined, 'undefined'],
      ['a', 'a (string)'],
      [5, '5'],
      [new Uint8Array(1), '[object Uint8Array]'],
      [[], '[object Array]'],
      [isBytes, 'the function isBytes'],
    ] as const) {
      refuses(() => checkOptions(wrong), TypeError, `options must be an object, not ${shown}`);
    }
  });

  it('know a function, and a boolean', () => {
    passes(() => checkFunction('work', () => 1), 'a function');
    refuses(() => checkFunction('work', {}), TypeError, 'work must be a function, not [object Object]');
    for (const value of [true, false]) passes(() => checkBoolean('keep', value), value);
    refuses(() => checkBoolean('keep', 1 as never), TypeError, 'keep must be true or false, not 1');
  });
});
