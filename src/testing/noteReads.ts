import type { StreamReader } from '../streams/StreamReader.js';

/** A read, by the name of its method; `framed` reads by one that is not public. @internal */
export type ReadName = (typeof READS)[number];

const READS = [
  'read',
  'readExactly',
  'readUntil',
  'readLine',
  'readFrame',
  'chunks',
  'frames',
  'lines',
  'consume',
  'consumeAhead',
  'pipeTo',
] as const satisfies readonly (keyof StreamReader)[];

/** Those of one frame. @internal */
export const ONE_SHOT: readonly ReadName[] = ['read', 'readExactly', 'readUntil', 'readLine', 'readFrame'];

/** Those that do not wait for the work on what they emit. @internal */
export const PUSHING: readonly ReadName[] = ['chunks', 'frames', 'lines'];

/** Notes the names of the reads that are asked of a reader. @internal */
export function noteReads(reader: StreamReader, noted: Set<ReadName>): void {
  for (const name of READS) {
    const read = reader[name].bind(reader) as (...args: unknown[]) => unknown;
    Object.defineProperty(reader, name, {
      value: (...args: unknown[]) => {
        noted.add(name);
        return read(...args);
      },
    });
  }
}
