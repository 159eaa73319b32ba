/** A server that sends as fast as it is let, one that tells how far that is, and one that reads slowly. */
import { converse, json, type Connection, type Conversation, type StreamWriter } from 'rxjs-net';
import {
  asyncScheduler,
  defer,
  EMPTY,
  endWith,
  exhaustMap,
  ignoreElements,
  interval,
  repeat,
  switchMap,
  takeUntil,
  type Observable,
} from 'rxjs';

const KiB = 1024;
const LINES_AT_ONCE = 64;
const FILL = `${' 1 KiB of the flood'.padEnd(KiB - 10, ' .')}\n`;

/** How far a flood has come: what its server has handed over to the system, and what waits in the server. */
export interface FloodCounts {
  /** Bytes. */
  handedOver: number;
  /** Bytes. */
  waiting: number;
  /** Whether the server waits for room. */
  paused: boolean;
}

/** The flood that the latest client has asked for. */
export class Flood {
  #lines = 0;
  #writer: StreamWriter | undefined;
  readonly #scheduler;

  constructor(scheduler = asyncScheduler) {
    this.#scheduler = scheduler;
  }

  get counts(): FloodCounts {
    const waiting = this.#writer?.transport.writeQueueSize ?? 0;
    const paused = this.#writer?.paused ?? false;
    return { handedOver: this.#lines * KiB - waiting, waiting, paused };
  }

  /** A handler: sends numbered lines of 1 KiB from the line `flood` on until the next line comes. */
  readonly serve = ({ reader, writer }: Connection): Observable<never> => {
    this.#lines = 0;
    this.#writer = writer;
    return reader.lines({ limit: 256 }).pipe(
      endWith('end'),
      switchMap((command) => this.#obey(command.trim().toLowerCase(), writer)),
    );
  };

  /** A handler: tells ten times a second how far the flood has come, as a line of JSON; less often whoever reads slowly. */
  readonly tell = ({ reader, writer }: Connection): Observable<never> => {
    const ended$ = reader.chunks().pipe(ignoreElements(), endWith(true));
    return interval(100, this.#scheduler).pipe(
      exhaustMap(() => writer.send(json<FloodCounts>().encode(this.counts))),
      takeUntil(ended$),
    );
  };

  #obey(command: string, writer: StreamWriter): Observable<never> {
    switch (command) {
      case 'flood':
        // A block is made when there is room for it: `send` completes at the drain signal.
        return defer(() => writer.send(this.#nextLines())).pipe(repeat());
      case 'stop':
        return writer.send(`stopped after ${this.#lines} lines\n`);
      case 'end':
        return EMPTY;
      default:
        return writer.send('say: flood, or stop\n');
    }
  }

  #nextLines(): string {
    let lines = '';
    for (let i = 0; i < LINES_AT_ONCE; i++) lines += String(++this.#lines).padStart(9, '0') + FILL;
    return lines;
  }
}

/** A handler: reads 1 MiB in a second and no more, and says every second what it has had. */
export function slowReader(): (connection: Connection) => Observable<never> {
  return converse(function* (io: Conversation<never>) {
    let bytes = 0;
    for (let reads = 1; !(yield* io.atEof()); reads++) {
      bytes += (yield* io.read(64 * KiB)).length;
      if (reads % 16 === 1) yield* io.send(`${bytes} bytes so far\n`);
      yield* io.delay(62.5);
    }
  });
}
