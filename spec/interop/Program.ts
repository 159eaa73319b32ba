import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { filter, map, startWith, Subject, take } from 'rxjs';
import { joined } from '../contracts/bytes.js';
import { asNobody } from './nobody.js';
import { patiently } from './patience.js';

// Characters that say enough about a failure.
const LAST = 2000;

export interface ProgramOptions {
  /** Default: where the specs run. */
  cwd?: string;
  env?: Record<string, string>;
  /** Where the specs run as root: run it as root, too. Default: as nobody. */
  asRoot?: boolean;
}

/** A program that nobody here wrote: started, listened to, and stopped together with whatever it started itself. */
export class Program {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #output: Uint8Array[] = [];
  readonly #news = new Subject<void>();
  #said = '';
  #complaints = '';
  #linesTaken = 0;
  #over = false;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    const { cwd, env = {}, asRoot = false } = options;
    const path = pathOf(command);
    if (path === undefined) throw new Error(`${command} is not installed`);
    this.#name = command;
    const spawnOptions: SpawnOptions = {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      // A group of its own, which can be killed as a whole: some programs leave their children behind.
      detached: true,
      ...(asRoot ? {} : asNobody),
    };
    const child = spawn(path, args, { ...spawnOptions, stdio: 'pipe' });
    child.stdout.on('data', (chunk: Uint8Array) => {
      this.#output.push(chunk);
      this.#hear(chunk);
    });
    child.stderr.on('data', (chunk: Uint8Array) => {
      this.#complaints += String(chunk);
      this.#hear(chunk);
    });
    // It may end before it has read everything.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => this.#hear(String(error)));
    child.on('close', () => {
      this.#over = true;
      process.off('exit', this.#kill);
      this.#news.next();
    });
    // Also when the specs are broken off.
    process.on('exit', this.#kill);
    this.#child = child;
  }

  /** What it has said so far, on its standard output and its standard error. */
  get said(): string {
    return this.#said;
  }

  /** What it has written to its standard error so far. */
  get complaints(): string {
    return this.#complaints;
  }

  /** What it has written to its standard output so far. */
  get output(): Uint8Array {
    return joined(this.#output);
  }

  /** Waits until it has said something of this form, on either output. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#await(`${this.#name} to say ${String(pattern)}`, () => {
      const found = pattern.exec(this.#said);
      if (found === null && this.#over) throw new Error(`${this.#name} has ended`);
      return found ?? undefined;
    });
  }

  /** The next line of its standard output that was not asked for yet; undefined when it has ended without one. */
  async line(): Promise<string | undefined> {
    const found = await this.#await(`a line from ${this.#name}`, () => {
      const lines = String(Buffer.from(this.output)).split('\n').slice(this.#linesTaken);
      if (lines.length > 1) return { line: lines[0] };
      return this.#over ? { line: undefined } : undefined;
    });
    if (found.line !== undefined) this.#linesTaken++;
    return found.line;
  }

  /** Writes to its standard input. */
  write(data: Uint8Array | string): void {
    this.#child.stdin!.write(data);
  }

  /** Ends its standard input. */
  end(data?: Uint8Array | string): void {
    if (data === undefined) this.#child.stdin!.end();
    else this.#child.stdin!.end(data);
  }

  /** Waits until it has ended by itself. */
  async exitCode(): Promise<number | null> {
    return this.#await(`the end of ${this.#name}`, () =>
      this.#over ? { code: this.#child.exitCode } : undefined,
    ).then(({ code }) => code);
  }

  async stop(): Promise<void> {
    if (this.#over) return;
    this.#kill();
    await this.exitCode();
  }

  readonly #kill = (): void => {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  };

  #hear(chunk: Uint8Array | string): void {
    this.#said += String(chunk);
    this.#news.next();
  }

  async #await<T>(what: string, look: () => T | undefined): Promise<T> {
    const found = this.#news.pipe(
      startWith(undefined),
      map(look),
      filter((value) => value !== undefined),
      take(1),
    );
    try {
      return await patiently(what, found);
    } catch (error) {
      throw new Error(`${(error as Error).message}\nThe last that it said:\n${this.#said.slice(-LAST)}`, {
        cause: error,
      });
    }
  }
}

/** Where a program is; undefined when it is not installed. */
export function pathOf(command: string): string | undefined {
  // An ordinary user's PATH often lacks the folders of servers.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
