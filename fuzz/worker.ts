import { setTimeout } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { config } from 'rxjs';
import { COUNTERS } from './counters.js';
import type { Progress } from './Fuzzer.js';

/** What a worker is to do. */
export interface Work {
  readonly target: string;
  readonly seed: number;
  readonly maxLength: number;
  /** Milliseconds. */
  readonly time: number;
  readonly blocks: number;
  /** The kept inputs, and those that are being found. */
  readonly corpus: string;
  readonly workCorpus: string;
  /** The run under way: its number, the length of its input, and that. */
  readonly current: SharedArrayBuffer;
  /** Not to fuzz, but to keep the smallest inputs that show all. */
  readonly keep: boolean;
}

export type Message =
  | { readonly kind: 'progress' | 'done'; readonly progress: Progress }
  | { readonly kind: 'finding'; readonly input: Uint8Array; readonly message: string };

const BATCH = 500;
const REPORT_MS = 250;
/** What is thrown later is thrown by then. */
const SETTLE_MS = 2;

const work = workerData as Work;
const counters = new Uint32Array(work.blocks);
Object.assign(globalThis, { [COUNTERS]: counters });
// Only now: the instrumented code takes its counters when it is loaded.
const { Corpus } = await import('./Corpus.js');
const { Fuzzer } = await import('./Fuzzer.js');
const { targets } = await import('./targets.js');

const numbers = new Int32Array(work.current, 0, 2);
const bytes = new Uint8Array(work.current, 8);
const tell = (message: Message): void => parentPort!.postMessage(message);

const fuzzer = new Fuzzer(
  targets.find(({ name }) => name === work.target)!,
  counters,
  new Corpus(work.workCorpus),
  work,
  (input) => {
    bytes.set(input.subarray(0, bytes.length));
    numbers[1] = input.length;
    Atomics.add(numbers, 0, 1);
  },
  ({ input, message }) => tell({ kind: 'finding', input, message }),
);

// RxJS, and the library, report what nobody can be told of in a later task.
let late: unknown;
config.onUnhandledError = (error: unknown) => (late = error);

const kept = new Corpus(work.corpus);
const all = [...kept.read(), ...fuzzer.corpus.read()];
if (work.keep) {
  kept.replace(fuzzer.smallest(all));
} else {
  fuzzer.load(all);
  await fuzz();
}
numbers[0] = 0;
tell({ kind: 'done', progress: fuzzer.progress });

async function fuzz(): Promise<void> {
  const end = Date.now() + work.time;
  let next = 0;
  while (Date.now() < end) {
    const batch = [];
    for (let i = 0; i < BATCH && Date.now() < end; i++) batch.push(fuzzer.step());
    await setTimeout(SETTLE_MS);
    if (late !== undefined) await findLate(batch);
    if (Date.now() < next) continue;
    next = Date.now() + REPORT_MS;
    tell({ kind: 'progress', progress: fuzzer.progress });
  }
}

async function findLate(batch: readonly Uint8Array[]): Promise<void> {
  const message = `Error: reported late: ${late instanceof Error ? (late.stack ?? late.message) : String(late)}`;
  for (const input of batch) {
    late = undefined;
    fuzzer.failure(input);
    await setTimeout(SETTLE_MS);
    if (late !== undefined) {
      tell({ kind: 'finding', input, message });
      return;
    }
  }
  tell({
    kind: 'finding',
    input: new Uint8Array(0),
    message: `${message}\n(none of the inputs does it alone)`,
  });
}
