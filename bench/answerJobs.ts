import { createInterface } from 'node:readline';

/** What a job is told: where the other end listens, how many units to do, how many bytes each has. */
export interface JobOptions {
  readonly port: number;
  /** In place of the port, for a client of WebSocket. */
  readonly url: string;
  readonly amount: number;
  readonly size: number;
}

export type Jobs<Options> = Record<string, (options: Options) => Promise<unknown>>;

/**
 * The child's side of a `Worker`: does the jobs it is asked for, one JSON line on stdin each, and answers each with a
 * JSON line: what the job returned, and the seconds it took.
 */
export function answerJobs<Options = JobOptions>(jobs: Jobs<Options>): void {
  const answer = async (line: string): Promise<void> => {
    const { job, ...options } = JSON.parse(line) as { job: string };
    try {
      const start = performance.now();
      const result = await jobs[job]!(options as Options);
      const seconds = (performance.now() - start) / 1000;
      console.log(JSON.stringify({ seconds, ...(result ?? {}) }));
    } catch (error) {
      console.log(JSON.stringify({ error: String(error) }));
    }
  };
  createInterface({ input: process.stdin })
    .on('line', (line) => void answer(line))
    .on('close', () => process.exit());
}

/** A job that did not do all of its work is no measurement. */
export function expectCount(actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`got ${actual}, expected ${expected}`);
}
