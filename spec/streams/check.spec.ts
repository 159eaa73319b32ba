import { checkMethod, checkMilliseconds, checkSignal, checkTimeout, shown } from '../../src/streams/check.js';

const strange: [value: unknown, text: string, name?: string][] = [
  ['5', '"5"'],
  ['', '""'],
  ['a "quoted" word', '"a \\"quoted\\" word"'],
  [5n, '5n'],
  [null, 'null'],
  [true, 'true'],
  [Symbol('five'), 'Symbol(five)'],
  [[5], 'an object', 'an array of it'],
  [new Date(5), 'an object', 'a date'],
  [Object.create(null), 'an object', 'an object without a prototype'],
  [() => 5, 'a function'],
];

describe('shown', () => {
  const plain: typeof strange = [
    [undefined, 'undefined'],
    [-0.5, '-0.5'],
    [NaN, 'NaN'],
  ];
  for (const [value, text, name = text] of [...strange, ...plain]) {
    it(`tells what ${name} is`, () => expect(shown(value)).toBe(text));
  }

  it('asks no object for its text', () => {
    const mute = {
      toString(): string {
        throw new Error('not now');
      },
    };
    expect(shown(mute)).toBe('an object');
  });
});

describe('checkMilliseconds', () => {
  it('lets pass what a timer can have', () => {
    for (const milliseconds of [0, 0.5, 1, 2 ** 31 - 1]) {
      expect(() => checkMilliseconds('grace', milliseconds)).not.toThrow();
    }
  });

  for (const milliseconds of [-1, NaN, Infinity, 2 ** 31]) {
    it(`refuses ${milliseconds}`, () => {
      expect(() => checkMilliseconds('grace', milliseconds)).toThrowError(
        RangeError,
        `grace must be 0 to 2^31 - 1 milliseconds, not ${milliseconds}`,
      );
    });
  }

  for (const [milliseconds, text, name = text] of strange) {
    it(`refuses ${name}, which JavaScript would take for a number`, () => {
      for (const check of [checkMilliseconds, checkTimeout]) {
        expect(() => check('grace', milliseconds as number)).toThrowError(
          RangeError,
          `grace must be 0 to 2^31 - 1 milliseconds, not ${text}`,
        );
      }
    });
  }
});

describe('checkTimeout', () => {
  it('refuses 0 as well', () => {
    expect(() => checkTimeout('idleTimeout', 0)).toThrowError(
      RangeError,
      'idleTimeout must be more than 0 milliseconds',
    );
    expect(() => checkTimeout('idleTimeout', 1)).not.toThrow();
  });
});

describe('checkMethod', () => {
  it('lets pass whatever has the method, and says what has not', () => {
    for (const value of [{ go: () => 5 }, Object.assign(() => 5, { go: () => 5 })])
      expect(() => checkMethod('it must go', value, 'go')).not.toThrow();
    expect(() => checkMethod('it must iterate', [], Symbol.iterator)).not.toThrow();
    for (const [value, text] of [
      [undefined, 'undefined'],
      [null, 'null'],
      [{ go: 5 }, '[object Object]'],
      [5, '5'],
    ] as const)
      expect(() => checkMethod('it must go', value, 'go')).toThrowMatching(
        (error: Error) => error instanceof TypeError && error.message.startsWith(`it must go, not ${text}`),
      );
  });
});

describe('checkSignal', () => {
  it('lets pass none, and whatever tells of an abort', () => {
    for (const signal of [undefined, new AbortController().signal, new EventTarget() as AbortSignal])
      expect(() => checkSignal(signal)).not.toThrow();
  });

  for (const [value, text, name = text] of [
    ...strange,
    [{}, 'an object', 'an object without the method'] as const,
  ]) {
    it(`refuses ${name}`, () => {
      expect(() => checkSignal(value as AbortSignal)).toThrowError(
        TypeError,
        `signal must be an AbortSignal, not ${text}`,
      );
    });
  }
});
