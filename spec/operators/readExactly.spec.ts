import { readExactly } from '../../src/index.js';
import { checkCases } from '../diagrams/checkCases.js';
import { readExactlyCases } from '../diagrams/operators.js';

describe('readExactly', () => {
  checkCases(readExactlyCases);

  it('refuses a size that is no positive integer, at the call', () => {
    for (const n of [0, -1, 1.5, NaN])
      expect(() => readExactly(n)).toThrowError(RangeError, new RegExp(`not ${n}`));
  });
});
