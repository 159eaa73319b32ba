import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A job that takes longer than this hangs. */
const TIMEOUT_MS = 120_000;

/** A process that does one job after another. */
export interface Worker {
  readonly pid: number;
  ask<T>(job: string, options?: object): Promise<T & { readonly seconds: number }>;
  stop(): void;
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

/** Starts a process that ends with this one, if not before. */
export function startChild(
  command: string,
  args: readonly string[],
  stdio: StdioOptions = ['pipe', 'pipe', 'inherit'],
): ChildProcess {
  const child = spawn(command, args, { stdio });
  children.add(child);
  child.on('exit', () => children.delete(child));
  return child;
}

/** Starts a program that answers jobs: see `answerJobs`. */
export function startWorker(command: string, args: readonly string[]): Worker {
  const child = startChild(command, args);
  let settle: ((line: string | Error) => void) | undefined;
  createInterface({ input: child.stdout! }).on('line', (line) => settle?.(line));
  child.on('error', (error) => settle?.(error));
  child.on('exit', (code, signal) => settle?.(new Error(`${command} ended (${code ?? signal ?? ''})`)));
  child.stdin!.on('error', () => {}); // Its end is told by 'exit'.

  function ask<T>(job: string, options: object = {}): Promise<T & { seconds: number }> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        settle?.(new Error(`no answer to ${job} within ${TIMEOUT_MS / 1000} s`));
      }, TIMEOUT_MS);
      settle = (line) => {
        settle = undefined;
        clearTimeout(timer);
        if (line instanceof Error) {
          reject(line);
          return;
        }
        const answer = JSON.parse(line) as T & { seconds: number; error?: string };
        if (answer.error === undefined) resolve(answer);
        else reject(new Error(answer.error));
      };
      if (child.exitCode !== null) settle(new Error(`${command} has ended (${child.exitCode})`));
      else child.stdin!.write(`${JSON.stringify({ job, ...options })}\n`);
    });
  }
  return { pid: child.pid ?? 0, ask, stop: () => child.kill('SIGKILL') };
}
