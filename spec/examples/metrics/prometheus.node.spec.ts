import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { Registry } from 'prom-client';
import { serve } from 'rxjs-net';
import { fromServer, type Server, type ServerStats } from 'rxjs-net/node';
import { concatMap, first, Subject, takeUntil } from 'rxjs';
import { metricsPage, serverMetrics } from '../../../examples/metrics/prometheus.js';
import { eventually } from '../../contracts/eventually.js';
import { everythingFrom, plainPeers } from '../../observables/plainPeers.js';
import { readExposition, type Family } from './exposition.js';

const host = '127.0.0.1';

const STATS: ServerStats = {
  accepted: 1,
  active: 2,
  waiting: 3,
  refused: 4,
  handshakeErrors: 5,
  handlerErrors: { ERR_CONNECTION_LOST: 6, 'of "quotes" and \\ and\nlines': 7 },
  bytesRead: 8e15,
  bytesWritten: 9,
  pauses: {
    read: { count: 10, milliseconds: 11_500, now: 12 },
    write: { count: 13, milliseconds: 14_000, now: 15 },
  },
  durations: { count: 16, sum: 17_250, max: 18_000 },
};

describe('examples: metrics/prometheus', () => {
  const peers = plainPeers();
  const finish = new Subject<void>();

  afterEach(() => finish.next());

  /** The samples by the names of their families, without the prefix. */
  function samples(families: ReadonlyMap<string, Family>): Record<string, Record<string, number>> {
    return Object.fromEntries(
      [...families].map(([name, family]) => [
        name.replace('rxjs_net_', ''),
        Object.fromEntries(family.samples),
      ]),
    );
  }

  it('has every number of the statistics, in base units, in text that a strict reader takes', async () => {
    const registry = new Registry();
    const set = serverMetrics(registry);
    // Twice: what is set is not added.
    set({ ...STATS, handlerErrors: { E_BEFORE: 1 } });
    set(STATS);
    expect(samples(readExposition(await registry.metrics()))).toEqual({
      connections_accepted_total: { '': 1 },
      connections_active: { '': 2 },
      connections_waiting: { '': 3 },
      connections_refused_total: { '': 4 },
      handshake_errors_total: { '': 5 },
      handler_errors_total: {
        'code="ERR_CONNECTION_LOST"': 6,
        'code="of \\"quotes\\" and \\\\ and\\nlines"': 7,
      },
      read_bytes_total: { '': 8e15 },
      written_bytes_total: { '': 9 },
      pauses_total: { 'side="read"': 10, 'side="write"': 13 },
      pause_seconds_total: { 'side="read"': 11.5, 'side="write"': 14 },
      connections_paused: { 'side="read"': 12, 'side="write"': 15 },
      connections_closed_total: { '': 16 },
      connection_duration_seconds_total: { '': 17.25 },
      connection_duration_max_seconds: { '': 18 },
    });
  });

  it('is served as it is when somebody asks', async () => {
    const server = await new Promise<Server>((resolve, reject) => {
      fromServer({ host, port: 0 }).pipe(takeUntil(finish)).subscribe({ next: resolve, error: reject });
    });
    server.connections$
      .pipe(
        serve(({ reader, writer }) => reader.readExactly(5).pipe(concatMap((bytes) => writer.send(bytes)))),
      )
      .subscribe();
    const page = await new Promise<number>((resolve, reject) => {
      metricsPage(server, { host, port: 0 })
        .pipe(takeUntil(finish))
        .subscribe({ next: ({ port }) => resolve(port), error: reject });
    });
    const scrape = async (): Promise<Record<string, Record<string, number>>> => {
      const [response] = (await once(get({ host, port: page, path: '/metrics' }), 'response')) as [
        IncomingMessage,
      ];
      expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
      return samples(readExposition(await text(response)));
    };
    expect((await scrape()).connections_accepted_total).toEqual({ '': 0 });
    const client = await peers.connectAccepted(server.addresses[0]!.port);
    const answer = everythingFrom(client);
    client.end('hello');
    expect(Buffer.from(await answer).toString()).toBe('hello');
    await eventually('the end', server.active$.pipe(first((count) => count === 0)));
    const scraped = await scrape();
    expect(scraped).toEqual(
      jasmine.objectContaining({
        connections_accepted_total: { '': 1 },
        connections_active: { '': 0 },
        connections_closed_total: { '': 1 },
        read_bytes_total: { '': 5 },
        written_bytes_total: { '': 5 },
      }),
    );
  });

  it('refuses other pages, and tells of a port that is taken', async () => {
    const stats = (): ServerStats => STATS;
    const port = await new Promise<number>((resolve, reject) => {
      metricsPage({ stats }, { host, port: 0 })
        .pipe(takeUntil(finish))
        .subscribe({ next: (address) => resolve(address.port), error: reject });
    });
    const [response] = (await once(get({ host, port, path: '/' }), 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(404);
    const taken = eventually('the error', metricsPage({ stats }, { host, port }));
    await expectAsync(taken).toBeRejectedWith(jasmine.objectContaining({ code: 'EADDRINUSE' }));
  });
});

describe('examples: the reader of the format', () => {
  it('bears no fault', () => {
    const good = '# HELP a_total A.\n# TYPE a_total counter\na_total{b="c"} 1\n';
    expect(readExposition(good).get('a_total')!.samples.get('b="c"')).toBe(1);
    for (const [from, to] of [
      ['1\n', '1'],
      ['1\n', 'one\n'],
      ['1\n', '-1\n'],
      ['# HELP a_total A.\n', ''],
      ['# TYPE a_total counter\n', ''],
      ['counter', 'counters'],
      [' counter', ' gauge'],
      ['a_total{', 'b_total{'],
      ['"c"', 'c'],
      ['"c"', '"c""'],
      ['1\n', '1\na_total{b="c"} 2\n'],
      ['1\n', `1\n${good}`],
    ] as const) {
      expect(() => readExposition(good.replaceAll(from, to)))
        .withContext(`${from} → ${to}`)
        .toThrowError();
    }
  });
});
