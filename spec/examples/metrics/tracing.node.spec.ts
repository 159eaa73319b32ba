import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { serve, type Connection, type ConnectionHandler, type ServeOptions } from 'rxjs-net';
import {
  connectionChannels,
  fromServer,
  openConnection,
  type Server,
  type ServerOptions,
} from 'rxjs-net/node';
import { concatMap, first, Subject, takeUntil, throwError, type Observable, type Subscription } from 'rxjs';
import { traceConnections } from '../../../examples/metrics/tracing.js';
import { eventually } from '../../contracts/eventually.js';
import { plainPeers } from '../../observables/plainPeers.js';
import { server as certificate } from '../../transports/node/certificates.js';

const host = '127.0.0.1';

/** Holds the spans that have ended, and tells of each. */
class Spans extends InMemorySpanExporter {
  readonly #ended = new Subject<void>();
  readonly ended: Observable<void> = this.#ended.asObservable();

  override export(...[spans, done]: Parameters<InMemorySpanExporter['export']>): void {
    super.export(spans, done);
    this.#ended.next();
  }
}

describe('examples: metrics/tracing', () => {
  const peers = plainPeers();
  const finish = new Subject<void>();
  let exporter: Spans;
  let tracing: Subscription;
  let server: Server;

  beforeEach(() => {
    exporter = new Spans();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    tracing = traceConnections(provider.getTracer('spec'));
  });

  afterEach(async () => {
    tracing.unsubscribe();
    finish.next();
    server.abortClients();
    await eventually('the server to be done', server.waitClosed());
  });

  async function listen(
    handler: ConnectionHandler<unknown>,
    options: Partial<ServerOptions> & ServeOptions = {},
  ): Promise<number> {
    const server$ = fromServer({ host, port: 0, ...options } as ServerOptions).pipe(takeUntil(finish));
    server = await new Promise((resolve, reject) => server$.subscribe({ next: resolve, error: reject }));
    server.connections$.pipe(serve(handler, { onError: () => undefined, ...options })).subscribe();
    return server.addresses[0]!.port;
  }

  /** When so many of this kind have ended. */
  async function spans(kind: SpanKind, count = 1): Promise<ReadableSpan[]> {
    const found = (): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.kind === kind);
    if (found().length < count) {
      await eventually('the end of the spans', exporter.ended.pipe(first(() => found().length >= count)));
    }
    return found();
  }

  it('has a span for each side of a connection, with both addresses and the bytes', async () => {
    const port = await listen(({ reader, writer }) =>
      reader.readExactly(5).pipe(concatMap(() => writer.send('hi'))),
    );
    const { reader, writer } = await openConnection({ host, port });
    writer.write('hello');
    await eventually('the answer', reader.readExactly(2));
    const { port: ofClient } = writer.getExtraInfo('sockname')!;
    writer.close();
    const [accepted] = await spans(SpanKind.SERVER);
    const [connected] = await spans(SpanKind.CLIENT);
    expect(accepted!.name).toBe('connection');
    expect(accepted!.attributes).toEqual({
      'network.transport': 'tcp',
      'network.peer.address': host,
      'network.peer.port': ofClient,
      'network.local.address': host,
      'network.local.port': port,
      'rxjs_net.bytes_read': 5,
      'rxjs_net.bytes_written': 2,
      'rxjs_net.reason': 'closed',
    });
    expect(connected!.attributes).toEqual(
      jasmine.objectContaining({
        'network.peer.port': port,
        'rxjs_net.bytes_read': 2,
        'rxjs_net.bytes_written': 5,
      }),
    );
    expect([accepted!.status.code, connected!.status.code]).toEqual([
      SpanStatusCode.UNSET,
      SpanStatusCode.UNSET,
    ]);
    expect(accepted!.ended).toBeTrue();
  });

  it('has events for pauses', async () => {
    const read$ = new Subject<void>();
    const port = await listen(
      ({ reader }) =>
        read$.pipe(
          first(),
          concatMap(() => reader.readExactly(4000)),
        ),
      { limit: 1000 },
    );
    const paused = new Promise<void>((resolve) => {
      const onPause = (): void => {
        unsubscribe(connectionChannels.pause, onPause);
        resolve();
      };
      subscribe(connectionChannels.pause, onPause);
    });
    (await peers.connect(port)).write('x'.repeat(4000));
    await eventually('the pause', paused);
    read$.next();
    const [span] = await spans(SpanKind.SERVER);
    expect(span!.events.map(({ name, attributes }) => [name, attributes!.side])).toEqual([
      ['pause', 'read'],
      ['resume', 'read'],
    ]);
    expect(span!.events[1]!.attributes!.milliseconds).toBeGreaterThanOrEqual(0);
  });

  it('has the errors of handlers and refusals as its status', async () => {
    const fail$ = new Subject<never>();
    const port = await listen(() => fail$, {
      concurrency: 1,
      maxPending: 0,
      onError: (_, { writer }: Connection) => writer.write('bye'),
    });
    const clients = [await peers.connectAccepted(port), await peers.connectAccepted(port)];
    fail$.error(new RangeError('too much'));
    for (const client of clients) client.end();
    const ended = await spans(SpanKind.SERVER, 2);
    expect(ended.map(({ status }) => status.message)).toEqual(
      jasmine.arrayContaining([
        'too much',
        'A connection was refused: 1 are served and 0 wait, the most that may',
      ]),
    );
    for (const { status, events } of ended) {
      expect(status.code).toBe(SpanStatusCode.ERROR);
      expect(events.map(({ name }) => name)).toEqual(['exception']);
    }
  });

  it('has a span for a handshake that fails', async () => {
    const port = await listen(() => throwError(() => new Error()), { tls: certificate });
    (await peers.connect(port)).write('GET / HTTP/1.1\r\n\r\n');
    const [span] = await spans(SpanKind.SERVER);
    expect([span!.status.code, span!.attributes]).toEqual([SpanStatusCode.ERROR, {}]);
  });

  it('stops when it is unsubscribed', async () => {
    const port = await listen(({ reader }) => reader.chunks());
    tracing.unsubscribe();
    const { writer } = await openConnection({ host, port });
    writer.close();
    await eventually('the close', writer.waitClosed());
    await eventually('the end', server.active$.pipe(first((count) => count === 0)));
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
