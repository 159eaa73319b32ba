import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { filter, take, toArray, type Observable } from 'rxjs';
import { fromConnection } from '../../src/node.js';
import { reconnecting } from '../../src/index.js';
import type { ReconnectingStatus } from '../../src/observables/reconnecting.js';
import { eventually } from '../contracts/eventually.js';
import { plainPeers } from './plainPeers.js';

const host = '127.0.0.1';

describe('reconnecting, on sockets', () => {
  const peers = plainPeers();
  const servers: Server[] = [];

  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  /** Greets once, and is gone: its port is free again when the client has read that. */
  async function greetOnce(port: number, greeting: string): Promise<void> {
    const server = createServer((socket) => {
      server.close();
      socket.on('error', () => undefined).end(greeting);
      socket.resume();
    });
    servers.push(server);
    server.listen(port, host);
    await once(server, 'listening');
  }

  it('finds a server that goes and comes back', async () => {
    const port = await peers.unusedPort();
    const client = reconnecting(fromConnection({ host, port }), ({ reader }) => reader.lines(), {
      initialDelay: 5,
      maxDelay: 20,
      onComplete: 'reconnect',
    });
    const kinds: string[] = [];
    client.status$.subscribe(({ kind }) => kinds.push(kind));
    const refused = (status$: Observable<ReconnectingStatus>): Observable<ReconnectingStatus> =>
      status$.pipe(
        filter(
          (status) =>
            status.kind === 'waiting' &&
            (status.reason as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED',
        ),
        take(1),
      );
    const lines = eventually('a line of each server', client.pipe(take(2), toArray()));
    await eventually('a refusal before there is a server', refused(client.status$));
    const open = eventually(
      'the first connection',
      client.status$.pipe(
        filter(({ kind }) => kind === 'open'),
        take(1),
      ),
    );
    await greetOnce(port, 'first\n');
    await open;
    await eventually('a refusal after it is gone', refused(client.status$));
    await greetOnce(port, 'second\n');
    expect(await lines).toEqual(['first', 'second']);
    expect(kinds.filter((kind) => kind === 'open').length).toBe(2);
    expect(kinds[kinds.length - 1]).toBe('closed');
  });

  it('unsubscribed in a wait it connects no more', async () => {
    const port = await peers.unusedPort();
    const client = reconnecting(fromConnection({ host, port }), ({ reader }) => reader.lines());
    const waiting = eventually(
      'a wait',
      client.status$.pipe(
        filter(({ kind }) => kind === 'waiting'),
        take(1),
      ),
    );
    const run = client.subscribe();
    await waiting;
    const kinds: string[] = [];
    client.status$.subscribe(({ kind }) => kinds.push(kind));
    run.unsubscribe();
    expect(kinds).toEqual(['waiting', 'closed']);
  });
});
