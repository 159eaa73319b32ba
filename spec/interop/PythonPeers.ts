import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Subject } from 'rxjs';
import { eventually } from '../contracts/eventually.js';

// The compiled specs live four folders below the root: build/spec/spec/interop.
const SCRIPT = fileURLToPath(new URL('../../../../spec/interop/asyncio_peer.py', import.meta.url));

/** A Python process that talks asyncio, and tells in lines of JSON what it learns. */
export class PythonPeer {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #more = new Subject<void>();
  #stderr = '';
  #over = false;

  constructor(args: string[]) {
    const child = spawn('python3', [SCRIPT, ...args]);
    let rest = '';
    child.stdout.on('data', (chunk) => {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop()!;
      this.#lines.push(...lines);
      this.#more.next();
    });
    child.stderr.on('data', (chunk) => (this.#stderr += String(chunk)));
    child.on('close', () => {
      this.#over = true;
      this.#more.next();
    });
    this.#child = child;
  }

  /** The next thing that it tells. */
  async told(): Promise<unknown> {
    while (this.#lines.length === 0) {
      if (this.#over)
        throw new Error(`The Python peer has ended: ${this.#stderr || 'it has told everything'}`);
      await eventually('the Python peer to tell something', this.#more);
    }
    return JSON.parse(this.#lines.shift()!);
  }

  /** Everything else that it tells, and its complaints, when it has ended by itself. */
  async rest(): Promise<{ told: unknown[]; stderr: string; exitCode: number | null }> {
    while (!this.#over) await eventually('the Python peer to end', this.#more);
    const told = this.#lines.splice(0).map((line) => JSON.parse(line) as unknown);
    return { told, stderr: this.#stderr, exitCode: this.#child.exitCode };
  }

  /** Lets it go on where it waits for that. */
  go(): void {
    this.#child.stdin!.write('go\n');
  }

  async kill(): Promise<void> {
    if (this.#over) return;
    this.#child.kill('SIGKILL');
    await this.rest();
  }
}

/** Why there can be no Python peers on this machine, if so. */
export function pythonIsMissing(): string | undefined {
  const { error, status, stderr } = spawnSync('python3', ['-c', 'import asyncio'], { encoding: 'utf8' });
  if (error !== undefined) return error.message;
  return status === 0 ? undefined : stderr;
}
