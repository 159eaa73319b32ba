import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ChildProcess } from 'node:child_process';
import { listen } from '../contenders/listen.js';
import { startChild } from '../Worker.js';

/** nats-server with JetStream on a port that is free, and a folder of its own. */
export class NatsProgram {
  readonly #folder = mkdtempSync(join(tmpdir(), 'rxjs-net-'));
  #child!: ChildProcess;

  private constructor(readonly port: number) {}

  static async start(): Promise<NatsProgram> {
    const placeholder = createServer();
    const { port } = await listen(placeholder);
    placeholder.close();
    await once(placeholder, 'close');
    const program = new NatsProgram(port);
    await program.#start();
    return program;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Kills it, and starts it again on what it has kept. */
  async restart(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
    await this.#start();
  }

  stop(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const args = ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.#folder];
    const child = startChild('nats-server', args, ['ignore', 'ignore', 'pipe']);
    this.#child = child;
    const lines = createInterface({ input: child.stderr! });
    await new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`nats-server has ended (${code})`)));
      lines.on('line', (line) => {
        if (line.includes('Server is ready')) resolve();
      });
    });
  }
}
