import { Duplex, type Readable, type Writable } from 'node:stream';

/** One duplex of two streams. @internal */
export function joinStreams(readable: Readable, writable: Writable): Duplex {
  return Duplex.from({ readable, writable });
}
