import { computed, inject, Injectable, PLATFORM_ID, type Signal } from '@angular/core';
import { takeUntilDestroyed, toSignal } from '@angular/core/rxjs-interop';
import { isPlatformBrowser } from '@angular/common';
import {
  reconnecting,
  type Codec,
  type Connection,
  type Reconnecting,
  type ReconnectingStatus,
} from 'rxjs-net';
import { BehaviorSubject, EMPTY, filter, of, Subject, switchMap, take, type Observable } from 'rxjs';
import { CONNECT, RECONNECT, type ConnectOptions } from './connect';

const CLOSED: ReconnectingStatus = { kind: 'closed' };

/**
 * One connection that is kept alive, as Angular has it: what it is doing are signals, what arrives is an Observable.
 *
 * Provide it where it is used, `providers: [LiveConnection]` in a component: it closes with that component. On a server
 * it opens nothing.
 */
@Injectable()
export class LiveConnection<In, Out> {
  readonly #connect = inject(CONNECT);
  readonly #reconnect = inject(RECONNECT);
  readonly #inBrowser = isPlatformBrowser(inject(PLATFORM_ID));

  readonly #run$ = new BehaviorSubject<Reconnecting<never> | undefined>(undefined);
  readonly #retryNow$ = new Subject<void>();
  readonly #received$ = new Subject<In>();
  readonly #stalled$ = new BehaviorSubject(false);
  #codec: Codec<In, Out> | undefined;

  /** What it is doing, the current status first. */
  readonly status$: Observable<ReconnectingStatus> = this.#run$.pipe(
    switchMap((run) => run?.status$ ?? of(CLOSED)),
  );

  /** Every message, as it comes. For state make a signal of it: `toSignal(received$.pipe(scan(…)))`. */
  readonly received$: Observable<In> = this.#received$.asObservable();

  readonly status: Signal<ReconnectingStatus> = toSignal(this.status$, { requireSync: true });

  /** The connection while it is open. */
  readonly connection: Signal<Connection | undefined> = computed(() => {
    const status = this.status();
    return status.kind === 'open' ? status.connection : undefined;
  });

  /** Whether what was written waits for a peer, or a network, that is slower. */
  readonly writerPaused: Signal<boolean> = toSignal(
    this.status$.pipe(
      switchMap((status) => (status.kind === 'open' ? status.connection.writer.paused$ : of(false))),
    ),
    { requireSync: true },
  );

  /** Whether reading is stopped by `stall(true)`. */
  readonly stalled: Signal<boolean> = toSignal(this.#stalled$, { requireSync: true });

  constructor() {
    // One subscription for the life of the component: the connection, and whatever reconnects it, end with it.
    this.#run$
      .pipe(
        switchMap((run) => run ?? EMPTY),
        takeUntilDestroyed(),
      )
      .subscribe();
  }

  /** Connects, and stays connected until `close()`, another `open()` or the end of the component. */
  open(target: string, codec: Codec<In, Out>, options?: ConnectOptions): void {
    if (!this.#inBrowser) return;
    this.#codec = codec;
    const run = reconnecting(
      this.#connect(target, options),
      ({ reader }) => reader.consume(codec, (message) => this.#receive(message)),
      { ...this.#reconnect, onComplete: 'reconnect', retryNow$: this.#retryNow$ },
    );
    this.#run$.next(run);
  }

  close(): void {
    this.#run$.next(undefined);
  }

  /** Ends a wait between two attempts. */
  retryNow(): void {
    this.#retryNow$.next();
  }

  /** Sends a message; false when there is no connection to send it on. */
  send(message: Out): boolean {
    const connection = this.connection();
    if (connection === undefined || this.#codec === undefined || connection.writer.isClosing()) return false;
    connection.writer.write(this.#codec.encode(message));
    return true;
  }

  /** Stops reading, or goes on. What the peer sends meanwhile stays with the peer, but for what the buffers hold. */
  stall(stalled: boolean): void {
    this.#stalled$.next(stalled);
  }

  /** What `consume` waits for before it decodes the next message: so a page that is busy slows its server down. */
  #receive(message: In): Observable<never> | undefined {
    this.#received$.next(message);
    return this.#stalled$.value ? this.#goesOn$ : undefined;
  }

  readonly #goesOn$ = this.#stalled$.pipe(
    filter((stalled) => !stalled),
    take(1),
    switchMap(() => EMPTY),
  );
}
