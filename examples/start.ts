/** The program behind `npm start`: the tour, or one example by its name. */
import type { Server } from 'rxjs-net/node';
import { defer, filter, fromEvent, merge, mergeMap, NEVER, skip, takeUntil, type Observable } from 'rxjs';
import { BadArgument, fits, hostFrom, portFrom } from './cli/arguments.js';
import { clusterArguments } from './cluster/arguments.js';
import { cluster } from './cluster/cluster.js';
import { keys } from './cluster/keys.js';
import { echoClient } from './echo-client.js';
import { echoServer } from './echo-server.js';
import { gatewayArguments } from './gateway/arguments.js';
import { gateway } from './gateway/gateway.js';
import { httpHeaders } from './http-headers.js';
import { httpGet } from './http/get.js';
import { proxy } from './proxy.js';
import { redisCommand } from './redis/client.js';
import { redisServer } from './redis/server.js';
import { slowConsumer } from './slow-consumer.js';
import { tour } from './tour.js';
import { waitForData } from './wait-for-data.js';

type Run = (...args: string[]) => Observable<string>;

const examples = new Map<string, [usage: string, about: string, run: Run]>([
  ['tour', ['', 'three examples, one after the other', tour]],
  ['echo-server', ['[PORT]', 'sends back what a client sends; Ctrl+C stops it', runEchoServer]],
  ['echo-client', ['PORT [MESSAGE]', 'sends a message to an echo server', runEchoClient]],
  ['http-headers', ['URL', 'prints the headers of a web page', httpHeaders]],
  ['wait-for-data', ['', 'waits for data on a socket that is open already', waitForData]],
  ['slow-consumer', ['', 'a fast server, slowed down by a slow client', slowConsumer]],
  ['proxy', ['PORT HOST PORT', 'passes on what comes, both ways, at the pace of the slower side', runProxy]],
  [
    'gateway',
    [
      '[PORT] [OPTION …] TARGET …',
      'WebSocket to the TCP servers of a list: docs/guide/gateway.md',
      runGateway,
    ],
  ],
  [
    'cluster',
    [
      '[PORT] [OPTION] …',
      'workers that are replaced one by one without loss: docs/guide/operations.md',
      runCluster,
    ],
  ],
  ['http-get', ['URL', 'prints a web page as it comes', httpGet]],
  ['redis-server', ['[PORT]', 'a small server for redis-cli and redis-benchmark', runRedisServer]],
  ['nats-ingest', ['[PORT] [SERVER]', 'frames from TCP to JetStream: docs/guide/nats.md', runNatsIngest]],
  ['nats-worker', ['[SERVER]', 'works on these frames, as any number of processes may', runNatsWorker]],
  ['redis-client', ['PORT COMMAND …', 'sends a command to a Redis server', runRedisClient]],
]);

// To stop is to unsubscribe: what is open closes, and nothing keeps the process.
const stop$ = merge(fromEvent(process, 'SIGINT'), fromEvent(process, 'SIGTERM'));
// Those that give their clients time end by themselves: only the second time they have to.
const patient = ['cluster', 'gateway', 'nats-worker'];

// Loaded when it is asked for: the other examples do without NATS.
const natsExample$ = defer(async () => import('./nats/start.js'));

const HELP = ['help', '--help', '-h'];

start(process.argv.slice(2));

function start([name = 'tour', ...args]: readonly string[]): void {
  const isHelp = HELP.includes(name);
  const wanted = isHelp ? args[0] : name;
  const example = examples.get(wanted ?? '');
  if (wanted !== undefined && example === undefined) {
    fail(new BadArgument(`There is no example "${wanted}".\n\n${list()}`));
  } else if (example === undefined) {
    console.log(list());
  } else if (isHelp || HELP.includes(args[0] ?? '')) {
    console.log(`${usageOf(wanted!)}\n\n${example[1]}`);
  } else if (!fits(example[0], args.length)) {
    fail(new BadArgument(usageOf(wanted!)));
  } else {
    defer(() => example[2](...args))
      .pipe(takeUntil(stop$.pipe(skip(patient.includes(name) ? 1 : 0))))
      .subscribe({ next: (line) => console.log(line), error: fail });
  }
}

function runEchoServer(port = '0'): Observable<string> {
  return echoServer(portFrom(port, 0), onListening);
}

function runEchoClient(port: string, message?: string): Observable<string> {
  return echoClient(portFrom(port), message);
}

function runProxy(port: string, host: string, targetPort: string): Observable<string> {
  const target = { host: hostFrom(host), port: portFrom(targetPort) };
  return proxy(portFrom(port, 0), target, onListening);
}

function runGateway(...args: string[]): Observable<string> {
  const options = gatewayArguments(args);
  return gateway({
    ...options,
    stop$,
    onListening({ addresses: [address] }) {
      const host = options.host.includes(':') ? `[${options.host}]` : options.host;
      for (const { name } of options.targets.targets) {
        console.log(`ws://${host}:${address!.port}/?target=${encodeURIComponent(name)}`);
      }
    },
  });
}

function runCluster(...args: string[]): Observable<string> {
  const options = clusterArguments(args);
  const isScreen = process.stdout.isTTY && process.stdin.isTTY;
  const keys$ = isScreen ? keys() : NEVER;
  const r$ = keys$.pipe(filter((key) => key === 'r'));
  const k$ = keys$.pipe(filter((key) => key === 'k'));
  const q$ = keys$.pipe(filter((key) => key === 'q'));
  return cluster({
    ...options,
    isScreen,
    roll$: merge(fromEvent(process, 'SIGHUP'), r$),
    kill$: k$,
    stop$: merge(stop$, q$),
  });
}

function runRedisServer(port = '6379'): Observable<string> {
  return redisServer(portFrom(port, 0), onListening);
}

function runRedisClient(port: string, ...command: string[]): Observable<string> {
  return redisCommand(portFrom(port), command);
}

function runNatsIngest(port = '7000', server?: string): Observable<string> {
  const number = portFrom(port, 0);
  return natsExample$.pipe(mergeMap(({ startIngest }) => startIngest(number, server, onListening)));
}

function runNatsWorker(server?: string): Observable<string> {
  return natsExample$.pipe(mergeMap(({ startWorker }) => startWorker(server, stop$)));
}

function onListening(server: Server): void {
  console.log(`Serving on 127.0.0.1:${server.addresses[0]!.port}`);
}

function usageOf(name: string): string {
  return `Usage: npm start -- ${name} ${examples.get(name)![0]}`.trimEnd();
}

function list(): string {
  const lines = [...examples].map(([name, [usage, about]]) => `  ${`${name} ${usage}`.padEnd(36)}${about}`);
  return ['npm start -- NAME', ...lines].join('\n');
}

function fail(error: Error & { code?: string }): void {
  // Where a name has several addresses and none answers, Node's error has no message of its own.
  console.error(error.message || error.code);
  process.exitCode = 1;
}
