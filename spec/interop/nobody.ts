import { chownSync } from 'node:fs';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

/** Where the specs run as root the programs do not: these are the options of `spawn` for that. */
export const asNobody: { uid?: number; gid?: number } = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

/** Gives a file or a folder of the specs to the programs. */
export function handOver(path: string): void {
  if (isRoot) chownSync(path, NOBODY, NOBODY);
}
