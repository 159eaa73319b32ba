import { config } from 'rxjs';

/** What is reported, as RxJS reports it, during a call and until the timers of its reports are over. */
export async function reportsOf(call: () => void | Promise<void>): Promise<unknown[]> {
  const reports: unknown[] = [];
  const before = config.onUnhandledError;
  config.onUnhandledError = (error) => reports.push(error);
  try {
    await call();
    await new Promise((resolve) => setTimeout(resolve, 1));
  } finally {
    config.onUnhandledError = before;
  }
  return reports;
}
