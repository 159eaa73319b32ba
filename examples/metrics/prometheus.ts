/** What a server has seen, in the text that Prometheus reads: `server.stats()` by way of the package `prom-client`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Registry, type CounterConfiguration } from 'prom-client';
import type { PauseStats, Server, ServerStats } from 'rxjs-net/node';
import { Observable } from 'rxjs';

/** By the values of a label, where there is one. */
type Values = number | Readonly<Record<string, number>>;
type Row = readonly [name: string, help: string, read: (stats: ServerStats) => Values, label?: string];

const COUNTERS: readonly Row[] = [
  ['connections_accepted_total', 'Connections accepted.', (stats) => stats.accepted],
  ['connections_refused_total', 'Connections refused by serve.', (stats) => stats.refused],
  ['connections_closed_total', 'Connections that are gone.', (stats) => stats.durations.count],
  [
    'connection_duration_seconds_total',
    'Time that connections were open which are gone.',
    (stats) => stats.durations.sum / 1000,
  ],
  ['handshake_errors_total', 'Connections that could not be set up.', (stats) => stats.handshakeErrors],
  ['handler_errors_total', 'Errors of handlers, by their code.', (stats) => stats.handlerErrors, 'code'],
  ['read_bytes_total', 'Bytes received.', (stats) => stats.bytesRead],
  ['written_bytes_total', 'Bytes written.', (stats) => stats.bytesWritten],
  ['pauses_total', 'Times that a side of a connection stood still.', ofSides('count'), 'side'],
  ['pause_seconds_total', 'Time that sides stood still.', ofSides('milliseconds', 0.001), 'side'],
];

const GAUGES: readonly Row[] = [
  ['connections_active', 'Connections that are open.', (stats) => stats.active],
  ['connections_waiting', 'Connections that nobody serves yet.', (stats) => stats.waiting],
  ['connections_paused', 'Connections of which a side stands still.', ofSides('now'), 'side'],
  [
    'connection_duration_max_seconds',
    'Time that the longest connection was open which is gone.',
    (stats) => stats.durations.max / 1000,
  ],
];

function ofSides(key: keyof PauseStats, factor = 1): (stats: ServerStats) => Values {
  return ({ pauses: { read, write } }) => ({ read: read[key] * factor, write: write[key] * factor });
}

/** Puts the metrics of a server into a registry. Returns what sets them. */
export function serverMetrics(registry: Registry): (stats: ServerStats) => void {
  const metrics = [
    ...COUNTERS.map((row) => [row, new Counter(configuration(row, registry))] as const),
    ...GAUGES.map((row) => [row, new Gauge(configuration(row, registry))] as const),
  ];
  return (stats) => {
    for (const [[, , read, label], metric] of metrics) {
      const values = read(stats);
      // The server counts by itself: what it says replaces what was there before.
      metric.reset();
      if (typeof values === 'number') metric.inc(values);
      else for (const [key, value] of Object.entries(values)) metric.inc({ [label!]: key }, value);
    }
  };
}

function configuration([name, help, , label]: Row, registry: Registry): CounterConfiguration<string> {
  const labelNames = label === undefined ? [] : [label];
  return { name: `rxjs_net_${name}`, help, labelNames, registers: [registry] };
}

/**
 * Serves `/metrics` over HTTP until it is unsubscribed. Emits the address when it listens.
 *
 * @param server anything that has `stats()`: a server of `fromServer`, or of `serverConnections$` by `onListening`
 */
export function metricsPage(
  server: Pick<Server, 'stats'>,
  target: { port: number; host: string },
): Observable<AddressInfo> {
  return new Observable((subscriber) => {
    const registry = new Registry();
    const set = serverMetrics(registry);
    const page = createServer(({ method, url }, response) => {
      if (method !== 'GET' || url !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      // As they are now, at the cost of one look at each connection for each time that Prometheus asks.
      set(server.stats());
      registry.metrics().then(
        (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    });
    page.on('error', (error) => subscriber.error(error));
    page.listen(target, () => subscriber.next(page.address() as AddressInfo));
    return () => {
      page.close();
      page.closeAllConnections();
    };
  });
}
