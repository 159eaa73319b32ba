import { execFile, spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Subject } from 'rxjs';
import { eventually } from '../contracts/eventually.js';

/** A server in a process of its own, with an empty folder for whatever it keeps. */
export class ServerProgram {
  /** All that it has printed, complaints included. */
  output = '';
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;
  readonly #more = new Subject<void>();
  #over = false;

  constructor(
    name: string,
    args: readonly string[],
    readonly folder: string,
  ) {
    const child = spawn(name, args);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#more.next();
      });
    }
    this.#closed = once(child, 'close').finally(() => {
      this.#over = true;
      rmSync(folder, { recursive: true, force: true });
      this.#more.next();
    });
  }

  /** Waits for what matches, and returns what the group of the pattern has found; or undefined, if the program ends. */
  async printed(pattern: RegExp): Promise<string | undefined> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match[1] ?? '';
      if (this.#over) return undefined;
      await eventually(`${this.#child.spawnfile} to print ${String(pattern)}`, this.#more);
    }
  }

  /** Stops it in the middle of whatever it does, without a word to its clients. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Ends it at once, however busy it is. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  /** Waits until it has ended. */
  async ended(): Promise<void> {
    await this.#closed;
  }
}

/** Starts a server that cannot look for a free port by itself. */
export async function startOnPort(
  start: (port: number, folder: string) => ServerProgram,
  listening: RegExp,
): Promise<{ port: number; program: ServerProgram }> {
  for (let attempt = 1; ; attempt++) {
    const port = await unusedPort();
    const program = start(port, newFolder());
    if ((await program.printed(listening)) !== undefined) return { port, program };
    // Somebody else may have taken the port in the meantime.
    if (attempt === 5 || !program.output.includes('in use')) throw new Error(program.output);
  }
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'rxjs-net-'));
}

/** Why there is no such program on this machine, if so. */
export function missing(program: string): string | undefined {
  return spawnSync(program, ['-v']).error === undefined ? undefined : `${program} is not installed`;
}

/** Runs a program to its end, and returns what it has printed. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args);
  return stdout;
}

/** A port that nobody listens on, for programs that cannot take one of the system's. */
export async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
