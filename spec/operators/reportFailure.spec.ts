import { reportFailure } from '../../src/operators/reportFailure.js';

describe('reportFailure', () => {
  /** What a platform is told that has these, and nothing else. */
  function told(names: readonly ('process' | 'reportError')[], error: unknown): unknown[] {
    const seen: unknown[] = [];
    const has = (name: 'process' | 'reportError', value: unknown): unknown =>
      names.includes(name) ? value : undefined;
    const put = {
      process: has('process', { emitWarning: (warning: unknown) => seen.push(warning) }),
      reportError: has('reportError', (reported: unknown) => seen.push('reported', reported)),
    };
    const before = Object.keys(put).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
    for (const [name, value] of Object.entries(put))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    try {
      reportFailure(error);
    } finally {
      for (const [name, descriptor] of before as [string, PropertyDescriptor | undefined][]) {
        if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
        else Object.defineProperty(globalThis, name, descriptor);
      }
    }
    return seen;
  }

  const error = new Error('of the handler');
  const hidden = Object.defineProperty(new Error('hidden'), 'stack', { value: Symbol('s') });

  it('is a warning of the process, where there is one', () => {
    expect(told(['process', 'reportError'], error)).toEqual([error]);
    expect(told(['process'], 'a text')).toEqual(['a text']);
    expect(told(['process'], undefined)).toEqual(['undefined']);
  });

  it('is an error of the page elsewhere, as it was thrown', () => {
    expect(told(['reportError'], error)).toEqual(['reported', error]);
    expect(told(['reportError'], 7)).toEqual(['reported', 7]);
  });

  it('is nothing where there is neither', () => {
    expect(told([], error)).toEqual([]);
  });

  it('is another error, with the first as its cause, where that cannot be shown', () => {
    for (const names of [['process'], ['reportError']] as const) {
      const shown = told(names, hidden).at(-1) as Error;
      expect(shown).not.toBe(hidden);
      expect(shown.message).toBe('A handler failed with an error that cannot be shown');
      expect(shown.cause).toBe(hidden);
    }
  });

  it('takes a number for a code, as old errors have', () => {
    const numbered = Object.assign(new Error('of a library'), { code: 42, detail: 'more' });
    expect(told(['process'], numbered)[0]).toBe(numbered);
    const odd = Object.assign(new Error('of a library'), { code: { text: 'no text' } });
    expect(told(['process'], odd)[0]).not.toBe(odd);
  });
});
