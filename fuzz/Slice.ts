import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Corpus } from './Corpus.js';
import type { Finding, Progress } from './Fuzzer.js';
import type { Message, Work } from './worker.js';

/** Milliseconds of processor time that one input may take. */
const HANG_MS = 3000;
const WATCH_MS = 100;
/** Of a worker; what its arrays of bytes take is not in there, but in the memory of the process. */
const HEAP_MB = 512;
const MOST_MEMORY = 2 ** 31;
const LONGEST = 2 ** 20;

/** What runs where: see `npm run fuzz`. */
export interface Places {
  /** Of the instrumented code. */
  readonly code: string;
  readonly blocks: number;
  readonly corpus: string;
  readonly workCorpus: string;
  readonly findings: string;
}

/**
 * A target's share of the time: in a thread of its own, which is ended when an input takes too much time or memory. Such
 * an input is a finding as well as one that breaks a rule.
 */
export class Slice {
  findings = 0;
  progress: Progress = { runs: 0, blocks: 0, inputs: 0, stepsPerByte: 0 };
  readonly #current = new SharedArrayBuffer(8 + LONGEST);
  readonly #numbers = new Int32Array(this.#current, 0, 2);
  #run = 0;
  #cpu = process.cpuUsage();
  #spent = 0;

  constructor(
    readonly places: Places,
    readonly work: Pick<Work, 'target' | 'seed' | 'maxLength' | 'time' | 'keep'>,
  ) {}

  /** Resolves when the time is over, or the thread had to be ended. */
  async run(onProgress: (slice: Slice) => void): Promise<void> {
    const { code, blocks, corpus, workCorpus } = this.places;
    const { target } = this.work;
    const workerData: Work = {
      ...this.work,
      ...{
        blocks,
        corpus: join(corpus, target),
        workCorpus: join(workCorpus, target),
        current: this.#current,
      },
    };
    const worker = new Worker(join(code, 'fuzz/worker.js'), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    const watch = setInterval(() => {
      const problem = this.#problem();
      if (problem === undefined) return;
      clearInterval(watch);
      this.#find({ input: this.#input, message: problem });
      void worker.terminate();
    }, WATCH_MS);
    worker.on('message', (message: Message) => {
      if (message.kind === 'finding') this.#find(message);
      else this.progress = message.progress;
      onProgress(this);
    });
    // It has run out of memory, or something was thrown where nobody can catch it.
    worker.on('error', (error: Error) =>
      this.#find({ input: this.#input, message: error.stack ?? String(error) }),
    );
    await new Promise((resolve) => worker.on('exit', resolve));
    clearInterval(watch);
  }

  get #input(): Uint8Array {
    return new Uint8Array(this.#current, 8, Math.min(LONGEST, this.#numbers[1]!)).slice();
  }

  // By the processor's time, as the machine may have more to do. This thread takes next to none of it.
  #problem(): string | undefined {
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    const run = Atomics.load(this.#numbers, 0);
    this.#spent = run === this.#run ? this.#spent + (user + system) / 1000 : 0;
    this.#run = run;
    if (run !== 0 && this.#spent > HANG_MS)
      return `Error: hang: ${this.#numbers[1]!} bytes took more than ${HANG_MS} ms`;
    const { rss } = process.memoryUsage();
    return rss > MOST_MEMORY ? `Error: memory: the process has ${rss} bytes` : undefined;
  }

  #find({ input, message }: Finding): void {
    this.findings++;
    const path = new Corpus(this.places.findings).add(input, `${this.work.target}-`);
    writeFileSync(`${path}.txt`, `${message}\n`);
    console.log(`\nFINDING ${path}\n${message}`);
  }
}
