import type { IncomingMessage } from 'node:http';
import { asyncScheduler, Subject, type Observable } from 'rxjs';
import type { WebSocket } from 'ws';
import { whenAborted } from '../observables/abortSignal.js';
import { connectionOnLink } from '../observables/connectionOnLink.js';
import { warnIfLeaked } from '../observables/warnIfLeaked.js';
import type { Connection } from '../streams/Connection.js';
import type { ConnectionCore } from '../streams/ConnectionCore.js';
import { attempt, reportError } from '../streams/reportError.js';
import { hasCredits } from '../transports/web/creditProtocol.js';
import { WsLink } from '../transports/ws/WsLink.js';
import { ServerStatistics, type ServerStats } from './ServerStatistics.js';
import type { WebSocketAcceptOptions } from './WebSocketServerOptions.js';

const DEFAULT_PING_INTERVAL = 30_000;

/**
 * Makes connections of WebSockets that are open, and knows those that are there: `signal` aborts them also when no new ones
 * are accepted any more.
 *
 * @internal
 */
export class WebSocketAcceptor {
  readonly #options: WebSocketAcceptOptions;
  readonly #maxPayload: number | undefined;
  readonly #accepted: (connection: Connection) => void;
  // Not the connections themselves: a user who loses one is to be warned.
  readonly #active = new Set<ConnectionCore>();
  readonly #statistics: ServerStatistics;
  readonly #ended = new Subject<never>();
  #phase: 'open' | 'stopped' = 'open';
  readonly #forgetSignal: () => void;

  /** @param aborted told of the signal's abort, before the connections are */
  constructor(
    options: WebSocketAcceptOptions,
    maxPayload: number | undefined,
    accepted: (connection: Connection) => void,
    aborted: () => void,
  ) {
    this.#options = options;
    this.#maxPayload = maxPayload;
    this.#accepted = accepted;
    const { signal, scheduler = asyncScheduler } = options;
    this.#statistics = new ServerStatistics(this.#active, new Set(), scheduler);
    const abort = (): void => {
      aborted();
      // What a `wrap` throws is no reason to leave out the others.
      for (const core of [...this.#active]) attempt(() => core.abort(signal!.reason));
    };
    this.#forgetSignal = signal === undefined ? () => undefined : whenAborted(signal, abort);
  }

  stats(): ServerStats {
    return this.#statistics.stats();
  }

  get stats$(): Observable<ServerStats> {
    return this.#statistics.stats$(this.#ended);
  }

  /** A request, or a WebSocket that was open, has been refused. */
  refused(reason: string): void {
    this.#statistics.notSetUp(new Error(`A WebSocket was refused: ${reason}`));
  }

  open(ws: WebSocket, request: IncomingMessage, unixPath: string | undefined): void {
    // By the function that has let it in, for example.
    if (this.#phase === 'stopped') {
      ws.terminate();
      return;
    }
    const { pingInterval = DEFAULT_PING_INTERVAL, scheduler } = this.#options;
    const names = unixPath === undefined ? {} : { sockname: unixPath, peername: '' };
    const maxPayload = this.#maxPayload;
    const link = new WsLink(ws, request.socket, { request, maxPayload, pingInterval, scheduler, ...names });
    let connection: Connection;
    try {
      connection = connectionOnLink(link, this.#options, hasCredits(ws.protocol));
    } catch (error) {
      this.#statistics.notSetUp(error);
      reportError(error);
      return;
    }
    const { core } = connection;
    // Gone before it was there: nobody could do anything with it.
    if (core.lifecycle.phase === 'gone') return;
    warnIfLeaked(connection);
    this.#statistics.opened(core);
    this.#active.add(core);
    core.onGone(() => {
      this.#active.delete(core);
      this.#settle();
    });
    this.#accepted(connection);
  }

  /** No more will be opened. */
  stop(): void {
    this.#phase = 'stopped';
    this.#settle();
  }

  #settle(): void {
    if (this.#phase !== 'stopped' || this.#active.size > 0) return;
    this.#forgetSignal();
    this.#ended.complete();
  }
}
