import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

/** What a program has printed, and how it ended. */
export interface Run {
  readonly lines: readonly string[];
  readonly errors: string;
  readonly code: number | null;
}

/** Processes take their time on a busy machine, and the first one needs a build. */
const TIMEOUT_MS = 120_000;

/** A suite on examples: they are built before it, and what a failed spec has left running is ended. */
export function describeExamples(title: string, specs: () => void): void {
  describe(`examples: ${title}`, () => {
    let timeoutBefore: number;
    beforeAll(async () => {
      timeoutBefore = jasmine.DEFAULT_TIMEOUT_INTERVAL;
      jasmine.DEFAULT_TIMEOUT_INTERVAL = TIMEOUT_MS;
      await (built ??= build());
    }, TIMEOUT_MS);
    afterEach(() => Promise.all([...running].map((example) => example.kill())));
    afterAll(() => {
      jasmine.DEFAULT_TIMEOUT_INTERVAL = timeoutBefore;
    });

    specs();
  });
}

let built: Promise<void> | undefined;

/** As `npm start` does: the examples import the built package by its name. */
async function build(): Promise<void> {
  const compiler = resolve('node_modules/typescript/bin/tsc');
  try {
    await promisify(execFile)(process.execPath, [compiler, '-b', 'tsconfig.examples.json']);
  } catch (error) {
    throw new Error(`The examples do not compile:\n${String((error as { stdout?: string }).stdout)}`, {
      cause: error,
    });
  }
}

const running = new Set<ExampleProcess>();

/** One example in a process of its own, as a user runs it. */
export class ExampleProcess {
  /** Resolves when it has ended and its output is complete. */
  readonly end: Promise<Run>;
  readonly #process: ChildProcessWithoutNullStreams;
  #output = '';

  constructor(...args: string[]) {
    const child = spawn(process.execPath, [resolve('build/examples/start.js'), ...args]);
    this.#process = child;
    running.add(this);
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    this.end = once(child, 'close').then(([code]) => {
      running.delete(this);
      return { lines: this.#output.trimEnd().split('\n'), errors, code: code as number | null };
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Waits for the first output that matches and returns what the group of the pattern has found. */
  async printed(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match[1] ?? '';
      const ended = await Promise.race([once(this.#process.stdout, 'data').then(() => undefined), this.end]);
      if (ended) throw new Error(`It ended and has not printed ${String(pattern)}: ${ended.errors}`);
    }
  }

  /** As Ctrl+C does. */
  interrupt(): void {
    this.#process.kill('SIGINT');
  }

  /** As `kill -HUP` and the like do. */
  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Ends it whatever it does. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.end;
  }
}

/** Runs an example to its end. */
export function runExample(...args: string[]): Promise<Run> {
  return new ExampleProcess(...args).end;
}
