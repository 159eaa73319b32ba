/**
 * A server that sends as fast as it is let, and a client that takes its time. The server is slowed down to the pace
 * of the client, by TCP itself, and on both sides only a bounded number of bytes waits.
 */
import { serve, useConnection, type Connection } from 'rxjs-net';
import { fromConnection, fromServer } from 'rxjs-net/node';
import {
  concatMap,
  endWith,
  filter,
  finalize,
  map,
  merge,
  mergeMap,
  repeat,
  scan,
  startWith,
  timer,
  withLatestFrom,
  type Observable,
} from 'rxjs';

const KiB = 1024;
const MiB = 1024 * KiB;
const BLOCK = new Uint8Array(64 * KiB);
const BLOCKS = 512;
const WORK_MS = 1;

/** Emits the lines to print: a row for every 4 MiB that the client has worked on. */
export function slowConsumer(): Observable<string> {
  return fromServer({ host: '127.0.0.1', port: 0 }).pipe(
    mergeMap((server) => {
      const produced$ = server.connections$.pipe(serve(produce));
      return fromConnection({ host: '127.0.0.1', port: server.addresses[0]!.port }).pipe(
        useConnection(consume),
        withLatestFrom(produced$),
        filter(([{ received }]) => received % (4 * MiB) === 0),
        map(([{ received, buffered, most }, { paused, pauses }]) =>
          row(`${received / MiB} MiB`, kib(buffered), kib(most), paused ? 'paused' : 'sends', String(pauses)),
        ),
        startWith(row('received', 'buffered', 'at most', 'server', 'pauses')),
        endWith('Reading stops above 128 KiB buffered (2 × limit); one chunk more may be on its way.'),
        finalize(() => server.close()),
      );
    }),
  );
}

/** Each block is written when there is room for it: `send` completes at the drain signal. */
function produce({ writer }: Connection): Observable<{ paused: boolean; pauses: number }> {
  return merge(
    writer.paused$.pipe(
      scan((state, paused) => ({ paused, pauses: state.pauses + Number(paused) }), {
        paused: false,
        pauses: 0,
      }),
    ),
    writer.send(BLOCK).pipe(
      repeat(BLOCKS),
      finalize(() => writer.close()),
    ),
  );
}

/** One read, the work on it, and only then the next read: what it has not asked for stays where it is. */
export function consume({
  reader,
}: Connection): Observable<{ received: number; buffered: number; most: number }> {
  return reader.readExactly(BLOCK.length).pipe(
    concatMap((bytes) => timer(WORK_MS).pipe(map(() => bytes.length))),
    repeat(BLOCKS),
    scan(
      ({ received, most }, length) => {
        const buffered = reader.bufferedBytes;
        return { received: received + length, buffered, most: Math.max(most, buffered) };
      },
      { received: 0, buffered: 0, most: 0 },
    ),
  );
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / KiB)} KiB`;
}

function row(...cells: string[]): string {
  return cells.map((cell) => cell.padStart(9)).join('  ');
}
