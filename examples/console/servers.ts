/** All that the console of examples/angular talks to: servers, and the gateway that leads to them. */
import { serve, type ConnectionHandler } from 'rxjs-net';
import { serverConnections$, type Server } from 'rxjs-net/node';
import { combineLatest, defaultIfEmpty, map, Observable, switchMap } from 'rxjs';
import { echoServer } from '../echo-server.js';
import { AllowList } from '../gateway/AllowList.js';
import { gateway } from '../gateway/gateway.js';
import { redisServer } from '../redis/server.js';
import { Flood, slowReader } from './flood.js';
import { pageServer } from './pageServer.js';
import { redisProcess } from './redisProcess.js';

export interface ConsoleServers {
  /** The page. */
  readonly url: string;
  readonly gatewayUrl: string;
  /** The names of the targets that the gateway leads to. */
  readonly targets: readonly string[];
}

type OnListening = (server: Pick<Server, 'addresses'>) => void;

/** Serves until it is unsubscribed. Emits once, when all of them serve. */
export function consoleServers(folder: string, pagePort = 0, gatewayPort = 0): Observable<ConsoleServers> {
  const flood = new Flood();
  const targets$ = combineLatest({
    echo: portOf((onListening) => echoServer(0, onListening)),
    'redis-example': portOf((onListening) => redisServer(0, onListening)),
    flood: portOf(serverOf(flood.serve)),
    'flood-counts': portOf(serverOf(flood.tell)),
    'slow-reader': portOf(serverOf(slowReader())),
    redis: redisProcess().pipe(defaultIfEmpty(undefined)),
  }).pipe(
    map((ports) =>
      Object.entries(ports).flatMap(([name, port]) => (port === undefined ? [] : [{ name, port }])),
    ),
  );

  let gatewayUrl = '';
  return combineLatest([targets$, pageServer(folder, pagePort, () => gatewayUrl)]).pipe(
    switchMap(([targets, port]) =>
      portOf((onListening) =>
        gateway({
          port: gatewayPort,
          targets: new AllowList(targets.map((target) => `${target.name}=127.0.0.1:${target.port}`)),
          origins: [`http://127.0.0.1:${port}`, `http://localhost:${port}`],
          onListening,
        }),
      ).pipe(
        map((portOfGateway) => {
          gatewayUrl = `ws://127.0.0.1:${portOfGateway}`;
          return { url: `http://127.0.0.1:${port}`, gatewayUrl, targets: targets.map(({ name }) => name) };
        }),
      ),
    ),
  );
}

function serverOf(handler: ConnectionHandler<unknown>): (onListening: OnListening) => Observable<unknown> {
  return (onListening) =>
    serverConnections$({ host: '127.0.0.1', port: 0, onListening }).pipe(serve(handler));
}

/** Runs a server, and emits its port when it listens. */
function portOf(run: (onListening: OnListening) => Observable<unknown>): Observable<number> {
  return new Observable((subscriber) =>
    run((server) => subscriber.next(server.addresses[0]!.port)).subscribe({
      error: (error: unknown) => subscriber.error(error),
    }),
  );
}
