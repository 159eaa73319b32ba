import { readLine } from '../../src/index.js';
import { checkCases } from '../diagrams/checkCases.js';
import { readLineCases } from '../diagrams/operators.js';

describe('readLine', () => {
  checkCases(readLineCases);

  it('refuses senseless options at the call', () => {
    expect(() => readLine({ limit: -1 })).toThrowError(RangeError, /not -1/);
    expect(() => readLine(5 as never)).toThrowError(TypeError, 'options must be an object, not 5');
  });
});
