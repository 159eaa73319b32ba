import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Connection } from '../../src/streams/Connection.js';
import { certificateFiles, certificates } from './certificates.js';
import type { Program } from './Program.js';
import type { OurConnections } from './useConnections.js';
import type { Programs } from './usePrograms.js';

// The compiled specs live four folders below the root: build/spec/spec/interop.
const SCRIPT = fileURLToPath(new URL('../../../../spec/interop/asyncio_peer.py', import.meta.url));

/** A Python process that talks asyncio, and tells in lines of JSON what it learns. */
export class PythonPeer {
  readonly #program: Program;

  constructor(programs: Programs, options: object) {
    // As root: a Python of one's own, and this checkout, may lie where nobody has access.
    this.#program = programs.start(newestPython()!.command, [SCRIPT, JSON.stringify(options)], {
      asRoot: true,
    });
  }

  /** The next thing that it tells. */
  async told(): Promise<unknown> {
    const line = await this.#program.line();
    if (line === undefined) throw new Error(`The Python peer has ended: ${this.#program.said}`);
    return JSON.parse(line);
  }

  /** Everything else that it tells, and its complaints, when it has ended by itself. */
  async rest(): Promise<{ told: unknown[]; stderr: string; exitCode: number | null }> {
    const exitCode = await this.#program.exitCode();
    const told: unknown[] = [];
    for (let line = await this.#program.line(); line !== undefined; line = await this.#program.line())
      told.push(JSON.parse(line));
    return { told, stderr: this.#program.complaints, exitCode };
  }

  /** Lets it go on where it waits for that. */
  go(): void {
    this.#program.write('go\n');
  }
}

export interface Python {
  command: string;
  version: [number, number];
}

let newest: Python | undefined;

/** The newest Python that runs, by its usual names; undefined where there is none. */
export function newestPython(): Python | undefined {
  newest ??= ['python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3']
    .map(tryPython)
    .find((python) => python);
  return newest;
}

function tryPython(command: string): Python | undefined {
  const script = 'import asyncio, ssl, sys; print(*sys.version_info[:2])';
  const { status, stdout } = spawnSync(command, ['-c', script], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const [major, minor] = stdout.trim().split(' ').map(Number);
  return { command, version: [major!, minor!] };
}

export type Transport = 'TCP' | 'TLS' | 'a Unix socket';

/** What an encrypted conversation has besides: options of the peer's TLS, and of ours. */
export interface Encryption {
  theirs?: object;
  ours?: object;
}

export type Begin = (
  conversation: string,
  encryption?: Encryption,
) => Promise<{ peer: PythonPeer; ours: Connection }>;

/** Our client with an asyncio server, and our server with an asyncio client. */
export function pythonSides(
  transport: Transport,
  programs: Programs,
  connections: OurConnections,
): Record<string, Begin> {
  const host = '127.0.0.1';

  function theirTls(encryption: Encryption): object {
    return transport === 'TLS' ? { tls: { ...certificateFiles(programs.folder), ...encryption.theirs } } : {};
  }

  return {
    'our client and its server': async (conversation, encryption = {}) => {
      const where = transport === 'a Unix socket' ? { path: `${programs.folder}/theirs.sock` } : {};
      const peer = new PythonPeer(programs, {
        conversation,
        role: 'serve',
        ...where,
        ...theirTls(encryption),
      });
      const address = await peer.told();
      const tls = transport === 'TLS' ? { tls: { ca: certificates().ca, ...encryption.ours } } : {};
      const ours = await connections.connect(
        typeof address === 'string' ? { path: address } : { host, port: address as number, ...tls },
      );
      return { peer, ours };
    },
    'our server and its client': async (conversation, encryption = {}) => {
      const path = `${programs.folder}/ours.sock`;
      const tls = transport === 'TLS' ? { tls: { ...certificates().server, ...encryption.ours } } : {};
      const { port, accepted } = await connections.listen(transport === 'a Unix socket' ? { path } : tls);
      const where = transport === 'a Unix socket' ? { path } : { port };
      const peer = new PythonPeer(programs, {
        conversation,
        role: 'connect',
        ...where,
        ...theirTls(encryption),
      });
      return { peer, ours: await accepted() };
    },
  };
}
