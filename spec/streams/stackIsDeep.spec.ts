import { stackIsDeep } from '../../src/streams/stackIsDeep.js';

function below(depth: number): boolean {
  return depth === 0 ? stackIsDeep() : below(depth - 1);
}

describe('stackIsDeep', () => {
  it('tells a stack that grows from one that does not, and leaves the limit as it was', () => {
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 7;
    expect(below(10)).toBeFalse();
    expect(below(1000)).toBeTrue();
    expect(below(10)).toBeFalse();
    expect(Error.stackTraceLimit).toBe(7);
    Error.stackTraceLimit = before;
  });

  it('is on the safe side each time where the engine has no such limit, and gives it none', () => {
    const limit = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')!;
    Reflect.deleteProperty(Error, 'stackTraceLimit');
    const said = [below(10), below(10)];
    const left = 'stackTraceLimit' in Error;
    Object.defineProperty(Error, 'stackTraceLimit', limit);
    expect(said).toEqual([true, true]);
    expect(left).toBeFalse();
  });

  it('is on the safe side where the class cannot be changed', () => {
    const frozen = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')!;
    Object.defineProperty(Error, 'stackTraceLimit', { ...frozen, writable: false });
    expect(below(10)).toBeTrue();
    Object.defineProperty(Error, 'stackTraceLimit', frozen);
    expect(below(10)).toBeFalse();
  });
});
