import type { Socket } from 'node:net';
import {
  config,
  first,
  firstValueFrom,
  fromEvent,
  lastValueFrom,
  Subject,
  take,
  takeUntil,
  timer,
  toArray,
} from 'rxjs';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import type { Connection } from '../../src/streams/Connection.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { everythingFrom, plainPeers, reset } from '../observables/plainPeers.js';

describe('Server', () => {
  const peers = plainPeers();
  const finish = new Subject<void>();
  let server: Server;

  beforeEach(async () => {
    const server$ = fromServer({ host: '127.0.0.1', port: 0, limit: 1000 });
    server = await new Promise((resolve, reject) => {
      server$.pipe(takeUntil(finish)).subscribe({ next: resolve, error: reject });
    });
  });

  afterEach(() => finish.next());

  function connect(): Promise<Socket> {
    return peers.connectAccepted(server.addresses[0]!.port);
  }

  it('hands out connections as they are accepted', async () => {
    const ports: unknown[] = [];
    const two = new Promise<void>((resolve) => {
      server.connections$.subscribe(({ writer }) => {
        ports.push((writer.getExtraInfo('peername') as { port: number }).port);
        writer.close();
        if (ports.length === 2) resolve();
      });
    });
    const clients = [await connect(), await connect()];
    await eventually('two connections', two);
    expect(ports).toEqual(clients.map((client) => client.localPort));
  });

  it('keeps connections, with what they have sent, until the first subscriber takes them', async () => {
    const client = await connect();
    client.write('early\n');
    const { reader, writer } = await eventually('the connection', server.connections$);
    expect(text(await eventually('the line', reader.readLine()))).toBe('early\n');
    writer.close();
    client.end();
    await eventually('the close', writer.waitClosed());
  });

  it('keeps the others for the next subscriber when one takes a single connection', async () => {
    const [first, second] = [await connect(), await connect()];
    first.write('first\n');
    second.write('second\n');
    const lines: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { reader, writer } = await eventually(`connection ${i}`, server.connections$);
      lines.push(text(await eventually('its line', reader.readLine())));
      writer.abort();
    }
    expect(lines).toEqual(['first\n', 'second\n']);
  });

  it('does not stop when a subscriber goes: later connections wait for the next one', async () => {
    server.connections$.subscribe().unsubscribe();
    const client = await connect();
    const { writer } = await eventually('the connection', server.connections$);
    expect((writer.getExtraInfo('peername') as { port: number }).port).toBe(client.localPort!);
    expect(server.isServing).toBeTrue();
    writer.abort();
  });

  it('aborts at close the connections that nobody took', async () => {
    const client = await connect();
    const gone = eventually('the reset at the client', fromEvent(client.resume(), 'close'));
    server.close();
    await gone;
    expect(client.errored).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
  });

  describe('when connections are lost that nobody has taken,', () => {
    async function waiting(count: number): Promise<Socket[]> {
      const clients: Socket[] = [];
      for (let i = 0; i < count; i++) clients.push(await connect());
      return clients;
    }

    async function lose(clients: Socket[], left: number): Promise<void> {
      for (const client of clients) reset(client);
      await eventually('the losses', server.active$.pipe(first((count) => count === left)));
    }

    function portOf({ writer }: Connection): unknown {
      return writer.getExtraInfo('peername')!.port;
    }

    it('hands out the others, in their order', async () => {
      const clients = await waiting(5);
      const left = [clients[1]!, clients[3]!];
      const ports = left.map((client) => client.localPort);
      await lose(
        [0, 2, 4].map((index) => clients[index]!),
        2,
      );
      for (const port of ports) {
        const connection = await eventually('a connection', server.connections$);
        expect(portOf(connection)).toBe(port);
        expect(connection.writer.isClosing()).toBeFalse();
        connection.writer.abort();
      }
    });

    it('hands out none of them, and then the next one', async () => {
      await lose(await waiting(3), 0);
      const ports: unknown[] = [];
      server.connections$.subscribe((connection) => ports.push(portOf(connection)));
      expect(ports).toEqual([]);
      const client = await connect();
      expect(ports).toEqual([client.localPort]);
    });

    it('hands out none that is lost while another one is handed out', async () => {
      await waiting(3);
      const taken: Connection[] = [];
      server.connections$.subscribe((connection) => {
        taken.push(connection);
        if (taken.length === 1) server.abortClients('all of you');
      });
      await eventually('the losses', server.active$.pipe(first((count) => count === 0)));
      const later = taken.slice(1).filter(({ writer }) => !writer.isClosing());
      expect(later).toEqual([]);
    });

    it('bears a thousand of them, and is closed with nothing to do', async () => {
      for (let i = 0; i < 10; i++) await lose(await waiting(100), 0);
      const count: Connection[] = [];
      server.connections$.subscribe((connection) => count.push(connection));
      expect(count.length).toBe(0);
      server.close();
      await eventually('the end', server.waitClosed());
    });

    it('hands out one whose client has sent its last word and ended', async () => {
      const client = await connect();
      client.end('the last word');
      const { reader, writer } = await eventually('the connection', server.connections$);
      expect(text(await eventually('the word', reader.read()))).toBe('the last word');
      writer.close();
      await eventually('the close', writer.waitClosed());
    });
  });

  it('tells all others when the transport of one throws at the end', async () => {
    const failures: unknown[] = [];
    config.onUnhandledError = (error) => failures.push(error);
    const stop = new Subject<void>();
    const reported = new Error('not today');
    const refuse = (): never => {
      throw reported;
    };
    let bad = true;
    const another: Server = await new Promise((resolve) => {
      fromServer({
        host: '127.0.0.1',
        port: 0,
        wrap(transport) {
          // Only the first.
          if (bad) Object.assign(transport, { abort: refuse, close: refuse });
          bad = false;
          return transport;
        },
      })
        .pipe(takeUntil(stop))
        .subscribe(resolve);
    });
    const connections = eventually('both', another.connections$.pipe(take(2), toArray()));
    const { port } = another.addresses[0]!;
    const clients = [await peers.connectAccepted(port), await peers.connectAccepted(port)];
    const [, good] = await connections;
    stop.next();
    expect(() => another.abortClients()).not.toThrow();
    await eventually('the close', good!.writer.waitClosed());
    for (const client of clients) reset(client);
    await eventually('the report', timer(0));
    expect(failures).toEqual([reported]);
    config.onUnhandledError = null;
    await eventually('the end', another.waitClosed());
  });

  it('stops at close: it does not serve any more, and connections$ completes', async () => {
    const all = lastValueFrom(server.connections$.pipe(toArray()));
    expect(server.isServing).toBeTrue();
    server.close();
    expect(server.isServing).toBeFalse();
    expect(await eventually('the completion', all)).toEqual([]);
    expect(await eventually('a later subscriber', server.connections$.pipe(toArray()))).toEqual([]);
  });

  it('stops in the same way when fromServer is unsubscribed from', async () => {
    const client = await connect();
    const gone = eventually('the reset at the client', fromEvent(client.resume(), 'close'));
    finish.next();
    await gone;
    expect(client.errored).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
    expect(server.isServing).toBeFalse();
    expect(await eventually('the completion', server.connections$.pipe(toArray()))).toEqual([]);
  });

  it('bears a second close', () => {
    server.close();
    expect(() => server.close()).not.toThrow();
    expect(server.isServing).toBeFalse();
  });

  it('still knows its address when it has been closed', () => {
    const [before] = server.addresses;
    server.close();
    expect(server.addresses).toEqual([before!]);
  });

  it('leaves connections alone at close that were taken', async () => {
    const taken = firstValueFrom(server.connections$);
    const client = await connect();
    const { reader, writer } = await eventually('the connection', taken);
    server.close();
    client.end('after the close');
    expect(text(await eventually('what came after', reader.read()))).toBe('after the close');
    writer.close();
    await eventually('the close', writer.waitClosed());
  });

  it('does not read without a bound from connections that nobody took', async () => {
    const client = await connect();
    const sent = 16 * 2 ** 20;
    client.end(new Uint8Array(sent));
    for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
    const { reader, writer } = await eventually('the connection', server.connections$);
    let most = 0;
    let received = 0;
    while (!reader.atEof()) {
      most = Math.max(most, reader.bufferedBytes);
      received += (await eventually('bytes', reader.read(10_000))).length;
    }
    expect(received).toBe(sent);
    // What the limit lets in, and the one chunk of Node's that went over it.
    expect(most)
      .withContext('bytes that waited')
      .toBeLessThanOrEqual(2 * 1000 + 65536);
    writer.close();
    await eventually('the close', writer.waitClosed());
  });

  describe('active$ and waitClosed()', () => {
    function countsOf(): number[] {
      const counts: number[] = [];
      server.active$.subscribe({ next: (count) => counts.push(count), complete: () => counts.push(-1) });
      return counts;
    }

    async function twoConnections(): Promise<Connection[]> {
      const connections = eventually('two connections', server.connections$.pipe(take(2), toArray()));
      await connect();
      await connect();
      return connections;
    }

    it('count the open connections, whoever has taken them, until the last one is gone', async () => {
      const counts = countsOf();
      expect(counts).toEqual([0]);
      const [one, other] = await twoConnections();
      expect(counts).toEqual([0, 1, 2]);
      one!.writer.abort();
      await eventually('the close', one!.writer.waitClosed());
      expect(counts).toEqual([0, 1, 2, 1]);
      await connect();
      expect(counts).toEqual([0, 1, 2, 1, 2]);
      expect(countsOf()).toEqual([2]);
      server.close();
      other!.writer.abort();
      await eventually('the end', server.waitClosed());
      expect(counts).toEqual([0, 1, 2, 1, 2, 1, 0, -1]);
      expect(countsOf()).toEqual([0, -1]);
    });

    it('wait for the connections that are open at close, also several at once', async () => {
      const [one, other] = await twoConnections();
      const done: string[] = [];
      server.waitClosed().subscribe(() => done.push('first'));
      server.close();
      server.waitClosed().subscribe(() => done.push('second'));
      one!.writer.abort();
      await eventually('the close', one!.writer.waitClosed());
      expect(done).toEqual([]);
      const all = eventually('the end', server.waitClosed().pipe(toArray()));
      other!.writer.abort();
      expect(await all).toEqual([undefined]);
      expect(done).toEqual(['first', 'second']);
      server.waitClosed().subscribe(() => done.push('at once'));
      expect(done.at(-1)).toBe('at once');
    });

    it('wait for a server that listens, without connections, until it is closed', () => {
      const done: string[] = [];
      server.waitClosed().subscribe({ next: () => done.push('next'), complete: () => done.push('complete') });
      expect(done).toEqual([]);
      server.close();
      expect(done).toEqual(['next', 'complete']);
    });

    it('let a waiter go', () => {
      const done: string[] = [];
      server
        .waitClosed()
        .subscribe(() => done.push('next'))
        .unsubscribe();
      server.close();
      expect(done).toEqual([]);
    });
  });

  describe('closeClients()', () => {
    it('sends what was written, then ends, and leaves the server listening', async () => {
      const taken = firstValueFrom(server.connections$);
      const client = await connect();
      const { writer } = await taken;
      writer.write('the last word');
      server.closeClients();
      expect(writer.isClosing()).toBeTrue();
      expect(text(await everythingFrom(client))).toBe('the last word');
      await eventually('the close', writer.waitClosed());
      expect(server.isServing).toBeTrue();
      expect((await connect()).destroyed).toBeFalse();
    });

    it('with close() ends everything: the order of asyncio', async () => {
      server.connections$.subscribe();
      const clients = [await connect(), await connect()];
      const ends = clients.map((client) => everythingFrom(client));
      server.close();
      server.closeClients();
      await Promise.all(ends);
      await eventually('the end', server.waitClosed());
      expect(server.isServing).toBeFalse();
    });

    it('bears being called with nobody there, and twice', async () => {
      server.closeClients();
      const taken = firstValueFrom(server.connections$);
      await connect();
      const { writer } = await taken;
      server.closeClients();
      server.closeClients();
      await eventually('the close', writer.waitClosed());
      expect(writer.isClosing()).toBeTrue();
    });
  });

  describe('abortClients()', () => {
    it('resets all open connections, and tells their readers why', async () => {
      const taken = firstValueFrom(server.connections$);
      const client = await connect();
      const { reader } = await taken;
      const read = failureOf('the read', reader.read());
      const gone = eventually('the reset at the client', fromEvent(client.resume(), 'close'));
      server.abortClients('too late');
      expect(await read).toEqual(
        jasmine.objectContaining({ code: 'ERR_CONNECTION_CLOSED', cause: 'too late' }),
      );
      await gone;
      expect(client.errored).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
      expect(server.isServing).toBeTrue();
    });

    it('after close() and closeClients(), ends those that do not go', async () => {
      const taken = firstValueFrom(server.connections$);
      const client = await connect();
      client.pause();
      const { writer } = await taken;
      writer.write(new Uint8Array(64 * 2 ** 20));
      server.close();
      server.closeClients();
      let done = false;
      server.waitClosed().subscribe(() => (done = true));
      await new Promise((resolve) => setImmediate(resolve));
      expect(done).toBeFalse();
      server.abortClients();
      await eventually('the end', server.waitClosed());
      expect(done).toBeTrue();
    });
  });
});
