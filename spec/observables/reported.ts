import { config } from 'rxjs';

/** What is reported during a call, because nobody is there to be told of it. */
export async function reported(run: () => void | Promise<void>): Promise<unknown[]> {
  const errors: unknown[] = [];
  const before = config.onUnhandledError;
  config.onUnhandledError = (error) => errors.push(error);
  jasmine.clock().install();
  try {
    await run();
    jasmine.clock().tick(1);
  } finally {
    jasmine.clock().uninstall();
    config.onUnhandledError = before;
  }
  return errors;
}

/** The messages of errors, also of those that came out of teardowns. */
export function messagesOf(errors: readonly unknown[]): string[] {
  return errors.flatMap((error) => {
    const { errors: inner, message } = error as Error & { errors?: unknown[] };
    return inner === undefined ? [message] : messagesOf(inner);
  });
}
