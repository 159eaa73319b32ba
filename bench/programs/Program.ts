import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Worker } from '../Worker.js';

/** Something that can be started, if it is there. */
export interface Program {
  /** Its name in the results. */
  readonly name: string;
  readonly version?: string;
  /** Why it is left out. */
  readonly missing?: string;
  start(): Promise<Worker>;
}

/** Programs that are not compiled lie where the sources are. */
export const PEERS = fileURLToPath(new URL('../../../bench/peers/', import.meta.url));

/** The first line that a command prints, if it succeeds. */
export async function firstLine(command: string, args: readonly string[]): Promise<string | undefined> {
  return promisify(execFile)(command, args, { timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim().split('\n')[0],
    () => undefined,
  );
}
