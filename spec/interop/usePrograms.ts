import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromEvent } from 'rxjs';
import { handOver } from './nobody.js';
import { patiently, PATIENCE_MS } from './patience.js';
import { pathOf, Program, type ProgramOptions } from './Program.js';

export interface Programs {
  start(command: string, args: readonly string[], options?: ProgramOptions): Program;
  /**
   * Starts a server that has to be told its port, and waits until it says that it is ready. Another program may take
   * the port in between: then it is started again on another one.
   */
  startOnFreePort(
    begin: (port: number) => Program,
    ready: RegExp,
  ): Promise<{ program: Program; port: number }>;
  /** A folder for the spec that runs, which the programs may write to. */
  readonly folder: string;
}

/**
 * For a `describe` whose specs talk to these programs: each is pending where one is not installed. Everything that
 * was started is killed after each spec, and its folder removed.
 */
export function usePrograms(...needed: readonly string[]): Programs {
  const started: Program[] = [];
  let folder: string | undefined;
  let usualTimeout: number;

  beforeEach(() => {
    usualTimeout = jasmine.DEFAULT_TIMEOUT_INTERVAL;
    // What is waited for with patience is to fail with its own message.
    jasmine.DEFAULT_TIMEOUT_INTERVAL = 4 * PATIENCE_MS;
    const missing = needed.filter((command) => pathOf(command) === undefined);
    if (missing.length > 0) pending(`not installed: ${missing.join(', ')}`);
  });

  afterEach(async () => {
    await Promise.all(started.splice(0).map((program) => program.stop()));
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    folder = undefined;
    jasmine.DEFAULT_TIMEOUT_INTERVAL = usualTimeout;
  });

  function start(command: string, args: readonly string[], options?: ProgramOptions): Program {
    const program = new Program(command, args, options);
    started.push(program);
    return program;
  }

  return {
    start,
    async startOnFreePort(begin, ready) {
      for (let attempts = 3; ; attempts--) {
        const port = await freePort();
        const program = begin(port);
        try {
          await program.says(ready);
          return { program, port };
        } catch (error) {
          if (attempts === 1 || !/address already in use/i.test(program.said)) throw error;
        }
      }
    },
    get folder() {
      folder ??= makeFolder();
      return folder;
    },
  };
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rxjs-net-'));
  handOver(folder);
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await patiently('a free port', fromEvent(server, 'listening'));
  const { port } = server.address() as AddressInfo;
  const closed = patiently('the port to be free again', fromEvent(server, 'close'));
  server.close();
  await closed;
  return port;
}
