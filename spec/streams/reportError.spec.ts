import { config } from 'rxjs';
import { attempt, reportError } from '../../src/streams/reportError.js';

describe('reportError', () => {
  const before = config.onUnhandledError;
  afterEach(() => (config.onUnhandledError = before));

  /** The next error that RxJS's handler is told of. */
  function nextUnhandled(): Promise<unknown> {
    return new Promise((resolve) => (config.onUnhandledError = resolve));
  }

  it('tells the handler of RxJS, from a call of its own', async () => {
    let told = false;
    const next = nextUnhandled().then((error) => {
      told = true;
      return error;
    });
    reportError(new Error('nobody'));
    await Promise.resolve();
    expect(told).withContext('in the call under way').toBeFalse();
    expect(await next).toEqual(new Error('nobody'));
  });

  it('asks for the handler when it tells it, not before', async () => {
    config.onUnhandledError = () => fail('the handler of before');
    reportError(new Error('late'));
    expect(await nextUnhandled()).toEqual(new Error('late'));
  });
});

describe('attempt', () => {
  it('calls, and tells what that throws', () => {
    const log: unknown[] = [];
    attempt(
      () => log.push('called'),
      (error) => log.push(error),
    );
    attempt(
      () => {
        throw new Error('not ours');
      },
      (error) => log.push(error),
    );
    expect(log).toEqual(['called', new Error('not ours')]);
  });
});
