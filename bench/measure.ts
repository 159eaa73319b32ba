import type { Contender, OtherEnds, Run, Workload } from './Workload.js';
import type { Worker } from './Worker.js';

export interface Pace {
  readonly rounds: number;
  /** How long a run should take. */
  readonly seconds: number;
  /** The work of `fresh` workloads is divided by this. */
  readonly shorten: number;
}

export interface Result {
  readonly contender: Contender;
  /** For each metric, what each round gave. */
  readonly samples: number[][];
}

interface Runner {
  readonly worker: Worker;
  readonly run: Run;
  readonly amount: number;
}

/** A workload by all contenders that are there, one after the other in each round. */
export async function measure(
  workload: Workload,
  ends: OtherEnds,
  pace: Pace,
  progress: (text: string) => void,
  leaveOut: (contender: Contender, error: unknown) => void,
): Promise<Result[]> {
  const results: Result[] = workload.contenders
    .filter(({ program }) => program.missing === undefined)
    .map((contender) => ({ contender, samples: workload.metrics.map(() => []) }));
  const runners = new Map<Result, Runner>();

  const each = async (text: string, step: (result: Result) => Promise<void>): Promise<void> => {
    for (const result of [...results]) {
      progress(`${workload.name}: ${text}: ${result.contender.label}`);
      await step(result).catch((error: unknown) => {
        results.splice(results.indexOf(result), 1);
        runners.get(result)?.worker.stop();
        leaveOut(result.contender, error);
      });
    }
  };

  if (!workload.fresh) {
    await each('warm-up', async (result) => {
      runners.set(result, await warmUp(workload, result.contender, ends, pace));
    });
  }
  for (let round = 1; round <= pace.rounds; round++) {
    await each(`round ${round} of ${pace.rounds}`, async (result) => {
      const runner = runners.get(result) ?? (await start(workload, result.contender, ends, pace.shorten));
      const { values } = await runner.run(runner.amount);
      values.forEach((value, i) => result.samples[i]!.push(value));
      if (workload.fresh) runner.worker.stop();
    });
  }
  for (const { worker } of runners.values()) worker.stop();
  return results;
}

async function start(
  workload: Workload,
  { program, job }: Contender,
  ends: OtherEnds,
  shorten = 1,
): Promise<Runner> {
  const worker = await program.start();
  const run = await workload.prepare(worker, job, ends);
  return { worker, run, amount: Math.ceil(workload.amount / shorten) };
}

/** Runs until it is warm, and finds out how many units a run of the wanted length has. */
async function warmUp(
  workload: Workload,
  contender: Contender,
  ends: OtherEnds,
  pace: Pace,
): Promise<Runner> {
  const { worker, run, amount: first } = await start(workload, contender, ends);
  let amount = first;
  for (;;) {
    const { seconds } = await run(amount);
    const wanted = Math.ceil((amount * pace.seconds) / Math.max(seconds, 0.001));
    // The last run before those that count is as long as they are.
    if (seconds >= 0.8 * pace.seconds) return { worker, run, amount: wanted };
    // Not more than so much at a time: the first run is slow, as nothing is compiled yet.
    amount = Math.min(wanted, amount * 10);
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
