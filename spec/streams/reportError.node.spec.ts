import { config } from 'rxjs';
import { reportError } from '../../src/streams/reportError.js';

describe('reportError, with no handler of RxJS', () => {
  it('is an uncaught exception', async () => {
    const before = config.onUnhandledError;
    config.onUnhandledError = null;
    await jasmine.spyOnGlobalErrorsAsync(async (uncaught) => {
      reportError(new Error('uncaught'));
      await new Promise((resolve) => setTimeout(resolve));
      expect(uncaught.calls.count()).toBe(1);
      expect(String(uncaught.calls.argsFor(0)[0])).toContain('uncaught');
    });
    config.onUnhandledError = before;
  });
});
