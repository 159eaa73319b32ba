import { attemptCallback } from '../../src/streams/attemptCallback.js';

describe('attemptCallback', () => {
  let failures: unknown[];
  const failed = (error: unknown): void => void failures.push(error);

  beforeEach(() => (failures = []));

  it('gives what the call gives', () => {
    expect(attemptCallback(() => 7, failed)).toBe(7);
    expect(failures).toEqual([]);
  });

  it('tells what the call throws, and gives nothing then', () => {
    const call = (): number => {
      throw new RangeError('too much');
    };
    expect(attemptCallback(call, failed)).toBeUndefined();
    expect(failures).toEqual([new RangeError('too much')]);
  });

  it('tells what an async function fails with, and nothing of one that succeeds', async () => {
    const bad = attemptCallback(() => Promise.reject(new Error('later')), failed);
    const good = attemptCallback(() => Promise.resolve('done'), failed);
    expect(failures).toEqual([]);
    await expectAsync(bad).toBeRejectedWithError('later');
    await expectAsync(good).toBeResolvedTo('done');
    expect(failures).toEqual([new Error('later')]);
  });
});
