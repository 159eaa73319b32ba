import { useConnection, type Connection } from 'rxjs-net';
import { fromConnection } from 'rxjs-net/node';
import { catchError, EMPTY, Observable, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import type { Outcome } from './Outcome.js';
import { RECONNECT, replyFrom } from './protocols.js';

interface LineClientOptions {
  readonly host: string;
  readonly port: number;
  /** Milliseconds that a reply may take; then the connection is given up. */
  readonly patience: number;
  readonly scheduler: SchedulerLike;
}

interface Request {
  readonly id: string;
  readonly begun: number;
}

/** Milliseconds until it connects again when that has failed, or the connection was lost. */
const RETRY_DELAY = 50;

/**
 * A client of the keep-alive protocol. When it is told to reconnect it sends its next requests on another connection, and
 * ends the old one after the last reply that is due there: so none is lost.
 */
export class LineClient {
  readonly outcomes$: Observable<Outcome>;
  readonly #options: LineClientOptions;
  #subscriber: Subscriber<Outcome> | undefined;
  /** The one that the next request goes to. */
  #line: Line | undefined;
  readonly #lines = new Set<Line>();
  /** Those for which there is no connection yet. */
  #waiting: Request[] = [];
  #ends = false;

  constructor(options: LineClientOptions) {
    this.#options = options;
    // Connects, and stays so until `end`.
    this.outcomes$ = new Observable((subscriber) => {
      this.#subscriber = subscriber;
      this.#connect();
    });
  }

  request(id: string): void {
    const request = { id, begun: this.#options.scheduler.now() };
    if (this.#line === undefined) this.#waiting.push(request);
    else this.#line.send(request);
  }

  /** No more requests. It completes with the last reply. */
  end(): void {
    this.#ends = true;
    this.#line?.leave();
    this.#settle();
  }

  #connect(): void {
    const { host, port, scheduler } = this.#options;
    let line: Line | undefined;
    const connecting = fromConnection({ host, port, scheduler })
      .pipe(
        useConnection((connection) => {
          line = new Line(connection, this.#options, this.#subscriber!, () => this.#left(line));
          this.#lines.add(line);
          this.#line = line;
          for (const request of this.#waiting.splice(0)) line.send(request);
          if (this.#ends) line.leave();
          return line.run();
        }),
        // Of its requests the line has told; of those that wait there is another try.
        catchError(() => EMPTY),
      )
      .subscribe({
        complete: () => {
          this.#subscriber!.remove(connecting);
          if (line === undefined) this.#later();
          else this.#gone(line);
        },
      });
    this.#subscriber!.add(connecting);
  }

  #later(): void {
    const timer: Subscription = this.#options.scheduler.schedule(() => {
      this.#subscriber!.remove(timer);
      this.#connect();
    }, RETRY_DELAY);
    this.#subscriber!.add(timer);
  }

  /** It was told to reconnect. */
  #left(line: Line | undefined): void {
    if (this.#line !== line) return;
    this.#line = undefined;
    this.#connect();
  }

  #gone(line: Line): void {
    this.#lines.delete(line);
    if (this.#line === line) {
      this.#line = undefined;
      if (!this.#ends || this.#waiting.length > 0) this.#later();
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#ends && this.#lines.size === 0 && this.#waiting.length === 0) this.#subscriber?.complete();
  }
}

/** One connection of it. */
class Line {
  readonly #connection: Connection;
  readonly #options: LineClientOptions;
  readonly #subscriber: Subscriber<Outcome>;
  readonly #onReconnect: () => void;
  // In the order in which the replies are due.
  readonly #open: Request[] = [];
  #worker: number | undefined;
  #phase: 'open' | 'leaving' | 'ended' = 'open';

  constructor(
    connection: Connection,
    options: LineClientOptions,
    subscriber: Subscriber<Outcome>,
    onReconnect: () => void,
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#subscriber = subscriber;
    this.#onReconnect = onReconnect;
  }

  send(request: Request): void {
    this.#open.push(request);
    this.#connection.writer.write(`${request.id}\n`);
  }

  /** No more requests here. */
  leave(): void {
    if (this.#phase === 'open') this.#phase = 'leaving';
    if (this.#phase === 'leaving' && this.#open.length === 0) {
      this.#phase = 'ended';
      this.#connection.writer.writeEof();
    }
  }

  /** Emits nothing. Completes when the connection is over; what is open then is lost. */
  run(): Observable<never> {
    const { patience, scheduler } = this.#options;
    return new Observable((subscriber) => {
      let lost = new Error('The connection has ended before the reply');
      subscriber.add(
        this.#connection.reader.lines({ encoding: 'ascii' }).subscribe({
          next: (line) => this.#take(line),
          error: (error: unknown) => {
            lost = error as Error;
            subscriber.complete();
          },
          complete: () => subscriber.complete(),
        }),
      );
      subscriber.add(
        scheduler.schedule(function () {
          check();
          this.schedule(undefined, 1000);
        }, 1000),
      );
      const check = (): void => {
        const [oldest] = this.#open;
        if (oldest === undefined || scheduler.now() - oldest.begun < patience) return;
        lost = new Error(`No reply within ${patience} ms`);
        subscriber.complete();
      };
      subscriber.add(() => {
        for (const request of this.#open.splice(0)) this.#tell(request, lost);
      });
    });
  }

  #take(line: string): void {
    if (line === RECONNECT) {
      this.#onReconnect();
      this.leave();
      return;
    }
    const request = this.#open.shift();
    if (request === undefined) return;
    const { port } = this.#connection.writer.getExtraInfo('sockname')!;
    try {
      this.#worker = replyFrom(line, request.id, port).worker;
      this.#tell(request);
    } catch (error) {
      this.#tell(request, error as Error);
    }
    if (this.#phase === 'leaving') this.leave();
  }

  #tell({ begun }: Request, error?: Error): void {
    const ended = this.#options.scheduler.now();
    const outcome = { protocol: 'lines', begun, ended, worker: this.#worker } as const;
    this.#subscriber.next(error === undefined ? outcome : { ...outcome, error });
  }
}
