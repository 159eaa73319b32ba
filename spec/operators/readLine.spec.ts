import { readLine } from '../../src/index.js';
import { checkCases } from '../diagrams/checkCases.js';
import { readLineCases } from '../diagrams/operators.js';

describe('readLine', () => {
  checkCases(readLineCases);

  it('refuses a senseless limit at the call', () => {
    expect(() => readLine({ limit: -1 })).toThrowError(RangeError, /not -1/);
  });
});
