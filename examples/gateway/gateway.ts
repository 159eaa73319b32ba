/** A gateway from WebSocket to TCP and Unix sockets, for the targets of a list and no others. */
import { serve, type Connection } from 'rxjs-net';
import { fromConnection, type Server } from 'rxjs-net/node';
import { closeWebSocket } from 'rxjs-net/web';
import { webSocketServerConnections$ } from 'rxjs-net/ws';
import type { IncomingMessage } from 'node:http';
import {
  asyncScheduler,
  defer,
  delay,
  finalize,
  map,
  merge,
  mergeMap,
  NEVER,
  share,
  Subject,
  take,
  throwError,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { AllowList } from './AllowList.js';
import { clientOf, shownClient } from './clientOf.js';
import { ConnectionLimits, DEFAULT_LIMITS, type Limits } from './ConnectionLimits.js';
import { GatewayStops, session, type Surroundings } from './session.js';

export interface GatewayOptions {
  readonly port: number;
  /** The address to listen on. Default: 127.0.0.1, as nothing is encrypted here. */
  readonly host?: string;
  readonly targets: AllowList;
  /** Where pages may come from, such as `https://app.example`. What is no browser does not say. Default: nowhere. */
  readonly origins?: readonly string[];
  /** Names of the targets that get the header of the PROXY protocol. Default: none. */
  readonly proxyProtocol?: ReadonlySet<string>;
  /** Addresses of proxies in front: see `clientOf`. Default: none. */
  readonly trustedProxies?: ReadonlySet<string>;
  /** Default: `DEFAULT_LIMITS`. */
  readonly limits?: Limits;
  /** Milliseconds to connect to a target. Default: 10 s. */
  readonly connectTimeout?: number;
  /** Milliseconds without a byte either way. Default: 10 minutes. */
  readonly idleTimeout?: number;
  /** Milliseconds between the pings that find out whether a client is still there; 0: never. Default: 30 s. */
  readonly pingInterval?: number;
  /** When it emits, the gateway takes no more clients, and those that it has get `grace`. Default: never. */
  readonly stop$?: Observable<unknown>;
  /** Milliseconds. Default: 10 s. */
  readonly grace?: number;
  readonly onListening?: (server: Pick<Server, 'addresses'>) => void;
  readonly scheduler?: SchedulerLike;
}

/** Bytes that a client with credits may send ahead of what its target has taken. */
const RECEIVE_LIMIT = 262_144;

/** Milliseconds in which a client that is closed has to take a byte, or to answer. */
const CLOSE_TIMEOUT = 5000;

/** Emits the lines to print. Completes when it was stopped, and the last of its clients has gone. */
export function gateway(options: GatewayOptions): Observable<string> {
  const { port, host = '127.0.0.1', targets, trustedProxies, scheduler = asyncScheduler } = options;
  const { pingInterval = 30_000, onListening = () => undefined } = options;
  const { stop$ = NEVER, grace = 10_000, idleTimeout = 600_000 } = options;

  return defer(() => {
    const refused$ = new Subject<string>();
    const stopping$ = stop$.pipe(take(1), share());
    const surroundings = surroundingsOf(options, stopping$.pipe(delay(grace, scheduler), mergeMap(stops)));

    /** Asked before a request becomes a WebSocket. */
    function isAdmitted(origin: string | undefined, request: IncomingMessage): boolean {
      const { url = '' } = request;
      const isOriginListed = origin === undefined || options.origins?.includes(origin) === true;
      if (isOriginListed && targets.requested(url) !== undefined) return true;
      refuse(
        request,
        isOriginListed ? `no target is listed for ${shown(url)}` : `its origin is ${shown(origin)}`,
      );
      return false;
    }

    function refuse(request: IncomingMessage, why: string): void {
      refused$.next(`${shownClient(clientOf(request, trustedProxies))} refused: ${why}`);
    }

    function serveClient(client: Connection): Observable<string> {
      const request = requestOf(client);
      const source = clientOf(request, trustedProxies);
      // It was admitted, so there is one.
      const target = targets.requested(request.url!)!;
      return session({ client, target, source, origin: request.headers.origin }, surroundings).pipe(
        map((line) => `${shownClient(source)} ${target.name} ${line}`),
      );
    }

    const served$ = webSocketServerConnections$({
      port,
      host,
      onListening,
      origins: isAdmitted,
      pingInterval,
      receiveLimit: RECEIVE_LIMIT,
      closeTimeout: CLOSE_TIMEOUT,
      // The connection to the target is watched, too, and is the first to tell: this is for when that has gone.
      idleTimeout: 2 * idleTimeout,
      scheduler,
    }).pipe(
      serve(serveClient, {
        stop: stopping$,
        grace: grace + 2 * CLOSE_TIMEOUT,
        scheduler,
        // Most often a client that is lost while there is no connection to its target.
        onError: (error, client) => refuse(requestOf(client), String(error)),
      }),
      finalize(() => refused$.complete()),
    );
    return merge(refused$, served$);
  });
}

function surroundingsOf(options: GatewayOptions, stopped$: Observable<never>): Surroundings {
  const { limits = DEFAULT_LIMITS, proxyProtocol = new Set(), scheduler = asyncScheduler } = options;
  const { connectTimeout = 10_000, idleTimeout = 600_000 } = options;
  const surroundings: Surroundings = {
    limits: new ConnectionLimits(limits, scheduler),
    proxyProtocol,
    stopped$,
    connect: ({ at }) => fromConnection({ ...at, connectTimeout, idleTimeout, scheduler }),
    closeWebSocket,
  };
  return surroundings;
}

function stops(): Observable<never> {
  return throwError(() => new GatewayStops());
}

function requestOf({ writer }: Connection): IncomingMessage {
  return writer.getExtraInfo('request')!;
}

/** Of a stranger: not too long, and nothing that a terminal would take for a command. */
function shown(text: string): string {
  const escaped = (character: string): string =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text.slice(0, 100)).replace(/[^ -~]/g, escaped);
}
