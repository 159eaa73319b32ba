import { getEventListeners } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { catchError, EMPTY, fromEvent, mergeMap, of, Subject, take, takeUntil, type Observable } from 'rxjs';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { serve } from '../../src/operators/serve.js';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import type { ServerOptions } from '../../src/server/ServerOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { authority, server as certificate } from '../transports/node/certificates.js';
import { plainPeers, reset } from './plainPeers.js';

const host = '127.0.0.1';
const CONNECTIONS = 200;
const AT_A_TIME = 20;

/** What keeps the process alive, by its kind. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

async function sameResources(before: Record<string, number>): Promise<Record<string, number>> {
  // Sockets take some turns of the event loop to go.
  for (let i = 0; i < 500; i++) {
    const now = resources();
    if (Object.keys({ ...now, ...before }).every((type) => (now[type] ?? 0) <= (before[type] ?? 0)))
      return before;
    await turn();
  }
  return resources();
}

describe('200 connections that are reset leave nothing behind:', () => {
  const peers = plainPeers();
  const { signal } = new AbortController();

  async function repeatedly(once: (index: number) => Promise<unknown>): Promise<void> {
    for (let i = 0; i < CONNECTIONS; i += AT_A_TIME) {
      await Promise.all(Array.from({ length: AT_A_TIME }, (_, j) => once(i + j)));
    }
  }

  async function expectNothingLeft(before: Record<string, number>): Promise<void> {
    expect(await sameResources(before)).toEqual(before);
    expect(getEventListeners(signal, 'abort').length).withContext('listeners of the signal').toBe(0);
  }

  describe('of a client', () => {
    // A plain peer that resets each connection when the client has said something.
    async function listen(answer: (peer: Socket) => void): Promise<number> {
      return peers.listen((peer) => {
        peer.once('data', () => {
          answer(peer);
          setImmediate(() => reset(peer));
        });
      });
    }

    function lostWhile(doing: (connection: Connection) => Observable<unknown>, options: object) {
      return async (): Promise<void> => {
        const used$ = fromConnection({ host, port: 1, signal, idleTimeout: 60_000, ...options }).pipe(
          mergeMap((connection) => {
            connection.writer.write('hello');
            return doing(connection);
          }),
        );
        expect(await failureOf('the loss', used$)).toEqual(jasmine.any(Error));
      };
    }

    it('in the middle of a read', async () => {
      const port = await listen(() => undefined);
      const before = resources();
      await repeatedly(lostWhile(({ reader }) => reader.readLine(), { port }));
      await expectNothingLeft(before);
    });

    it('in the middle of a write', async () => {
      const port = await listen((peer) => peer.pause());
      const before = resources();
      const chunk = new Uint8Array(2 ** 20);
      await repeatedly(
        lostWhile(
          ({ writer }) => {
            for (let i = 0; i < 8; i++) writer.write(chunk);
            return writer.drain();
          },
          { port },
        ),
      );
      await expectNothingLeft(before);
    });

    it('in the middle of a handshake', async () => {
      const port = await listen(() => undefined);
      const before = resources();
      const tls = { ca: authority };
      await repeatedly(lostWhile(() => of('too far'), { port, tls, connectTimeout: 60_000 }));
      await expectNothingLeft(before);
    });

    it('in the middle of startTls', async () => {
      const port = await listen(() => undefined);
      const before = resources();
      const tls = { ca: authority, servername: 'localhost' };
      await repeatedly(lostWhile(({ writer }) => writer.startTls(tls), { port }));
      await expectNothingLeft(before);
    });
  });

  describe('of a server', () => {
    const finish = new Subject<void>();
    const answer = new Uint8Array(8 * 2 ** 20);
    let server: Server;
    // Of one server: what another one is told later, of a spec that has failed, does not count here.
    let failures: { count: number };

    async function listen(
      use: (connection: Connection) => Observable<unknown>,
      options: Partial<ServerOptions> = {},
    ) {
      const counted = { count: 0 };
      failures = counted;
      server = await new Promise<Server>((resolve) => {
        fromServer({ host, port: 0, signal, idleTimeout: 60_000, ...options } as ServerOptions)
          .pipe(takeUntil(finish))
          .subscribe(resolve);
      });
      server.connections$
        .pipe(
          serve((connection) => use(connection), {
            onError: () => counted.count++,
            stop: finish,
            grace: 60_000,
          }),
        )
        .subscribe();
    }

    afterEach(() => finish.next());

    async function resetWhen(heard: boolean): Promise<void> {
      const peer = await peers.connect(server.addresses[0]!.port);
      const greeting = heard ? eventually('a greeting', fromEvent(peer, 'data').pipe(take(1))) : undefined;
      peer.write('half a line');
      await greeting;
      reset(peer);
    }

    async function expectServerClean(before: Record<string, number>): Promise<void> {
      finish.next();
      await eventually('the server to be done', server.waitClosed());
      await expectNothingLeft(before);
      expect(failures.count).toBe(CONNECTIONS);
    }

    it('in the middle of a read', async () => {
      const before = resources();
      await listen(({ reader, writer }) => {
        writer.write('who are you?');
        return reader.readLine();
      });
      await repeatedly(() => resetWhen(true));
      await expectServerClean(before);
    });

    it('in the middle of a write', async () => {
      const before = resources();
      await listen(({ writer }) => {
        writer.write(answer);
        return writer.drain();
      });
      await repeatedly(() => resetWhen(true));
      await expectServerClean(before);
    });

    it('in the middle of a handshake', async () => {
      const before = resources();
      await listen(() => EMPTY, { tls: certificate });
      server.handshakeErrors$.pipe(catchError(() => EMPTY)).subscribe(() => failures.count++);
      const failed = new Promise<void>((resolve) => {
        server.handshakeErrors$.pipe(take(CONNECTIONS)).subscribe({ complete: resolve });
      });
      await repeatedly(() => resetWhen(false));
      await eventually('all the failures', failed);
      await expectServerClean(before);
    });
  });
});
