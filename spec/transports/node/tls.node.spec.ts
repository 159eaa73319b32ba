import { execFile, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { concatMap, fromEvent, VirtualTimeScheduler } from 'rxjs';
import { fromConnection } from '../../../src/observables/fromConnection.js';
import { Connection } from '../../../src/streams/Connection.js';
import { ConnectionClosedError, ConnectionLostError } from '../../../src/streams/errors.js';
import { RecordingReceiver } from '../../../src/testing/RecordingReceiver.js';
import { DuplexTransport } from '../../../src/transports/node/DuplexTransport.js';
import { serverHandshake } from '../../../src/transports/node/tlsHandshake.js';
import { text } from '../../contracts/bytes.js';
import { eventually, failureOf } from '../../contracts/eventually.js';
import { plainPeers } from '../../observables/plainPeers.js';
import { connectTls, listenTls } from '../../observables/tlsPeers.js';
import { authority, server as certificate } from './certificates.js';
import { encrypt } from './encrypt.js';

// Each direction is spelled out by the contract suite (spec/contracts); here is what TLS adds to it.
describe('DuplexTransport on TLS', () => {
  const peers = plainPeers();

  async function pair(): Promise<[Connection, Connection]> {
    const [one, other] = await encrypt(await peers.pair());
    return [new Connection(one), new Connection(other)];
  }

  function gone({ writer }: Connection): Promise<void> {
    return eventually('the close', writer.waitClosed());
  }

  it('ends one direction and keeps the other', async () => {
    const [one, other] = await pair();
    one.writer.write('question');
    one.writer.writeEof();
    expect(text(await eventually('the question', other.reader.read()))).toBe('question');
    other.writer.write('answer');
    expect(text(await eventually('the answer', one.reader.readExactly(6)))).toBe('answer');
    other.writer.close();
    await Promise.all([gone(one), gone(other)]);
  });

  it('is closed by both sides, one after the other, without an error', async () => {
    const [one, other] = await pair();
    one.writer.close();
    await gone(one);
    expect(text(await eventually('the end', other.reader.read()))).toBe('');
    other.writer.write('nobody hears this');
    other.writer.close();
    await gone(other);
  });

  it('stays below a closed connection until the peer has ended it as well', async () => {
    const [client, accepted] = await peers.pair();
    const [one, other] = (await encrypt([client, accepted])).map((transport) => new Connection(transport));
    one!.writer.close();
    await gone(one!);
    expect(client.destroyed).toBeFalse();
    const closed = eventually('the end of the socket', fromEvent(client, 'close'));
    other!.writer.close();
    await closed;
    await gone(other!);
  });

  describe('shutdownTimeout', () => {
    let peer: TLSSocket;

    // A server's end that closes: in virtual time, with a client that speaks plain `node:tls`.
    async function closing(written: number): Promise<[Connection, VirtualTimeScheduler, Socket]> {
      const [client, accepted] = await peers.pair();
      const scheduler = new VirtualTimeScheduler();
      const secured = eventually('the handshake', serverHandshake(accepted, certificate));
      peer = await connectTls(client);
      peer.allowHalfOpen = true;
      const options = { raw: accepted, shutdownTimeout: 1000, scheduler };
      const connection = new Connection(new DuplexTransport(await secured, options));
      connection.writer.write(new Uint8Array(written));
      connection.writer.close();
      return [connection, scheduler, accepted];
    }

    it('makes it a loss when the peer does not take what was written', async () => {
      const [{ writer }, scheduler] = await closing(64 * 2 ** 20);
      const lost = failureOf('waitClosed()', writer.waitClosed());
      scheduler.maxFrames = 999;
      scheduler.flush();
      await new Promise((resolve) => setImmediate(resolve));
      expect(writer.transport.writeQueueSize).toBeGreaterThan(0);
      scheduler.maxFrames = 1000;
      scheduler.flush();
      const loss = await lost;
      expect(loss).toBeInstanceOf(ConnectionLostError);
      expect((loss as Error).message).toContain('1000 ms');
    });

    it('counts anew with all that the system takes: a transfer that goes on is not cut off', async () => {
      const [{ writer }, scheduler] = await closing(32 * 2 ** 20);
      const closed = eventually('the close', writer.waitClosed());
      peer.resume();
      for (let size = writer.transport.writeQueueSize; size > 0;) {
        while (writer.transport.writeQueueSize === size)
          await new Promise((resolve) => setImmediate(resolve));
        size = writer.transport.writeQueueSize;
        // The clock moves only with what it does.
        scheduler.schedule(() => undefined, 900);
        scheduler.maxFrames = scheduler.now() + 900;
        scheduler.flush();
      }
      expect(scheduler.now()).toBeGreaterThan(5000);
      await closed;
    });

    it('frees the socket when the peer never ends its direction, which is no loss', async () => {
      const [connection, scheduler, accepted] = await closing(10);
      await gone(connection);
      scheduler.maxFrames = 999;
      scheduler.flush();
      expect(accepted.destroyed).toBeFalse();
      const closed = eventually('the end of the socket', fromEvent(accepted, 'close'));
      scheduler.maxFrames = 1000;
      scheduler.flush();
      await closed;
    });

    it('leaves no timer behind when the peer ends its direction', async () => {
      const [connection, scheduler, accepted] = await closing(0);
      const closed = eventually('the end of the socket', fromEvent(accepted, 'close'));
      await gone(connection);
      peer.resume().end();
      await closed;
      scheduler.flush();
      expect(scheduler.now()).withContext('virtual time of the last timer').toBe(0);
    });
  });

  describe('a socket that lingers behind a closed connection', () => {
    const PROGRAM = fileURLToPath(new URL('lingering.js', import.meta.url));
    const events: string[] = [];

    beforeEach(() => events.splice(0));

    // Everything is sent, and the other end, which has not been started, ends nothing.
    async function lingering(): Promise<[DuplexTransport, Socket, RecordingReceiver]> {
      const [client, accepted] = await peers.pair();
      const [transport, other] = await encrypt([client, accepted]);
      const told = new RecordingReceiver(transport);
      transport.onReleased(() => events.push('released'));
      transport.start(told);
      other.start(new RecordingReceiver(other));
      transport.write('bye');
      transport.close();
      await told.untilClosed();
      expect(client.destroyed).withContext('destroyed').toBeFalse();
      return [transport, client, told];
    }

    it('is ended by an abort, at once, and tells of its release', async () => {
      const [transport, client, told] = await lingering();
      expect(events).toEqual([]);
      const closed = eventually('the end of the socket', fromEvent(client, 'close'));
      transport.abort('enough');
      expect(client.destroyed || (transport.getExtraInfo('socket') as TLSSocket).destroyed).toBeTrue();
      await closed;
      await eventually('the release', new Promise<void>((resolve) => transport.onReleased(resolve)));
      expect(events).toEqual(['released']);
      expect(told.order).toEqual(['closed']);
      expect(told.errors).toEqual([undefined]);
    });

    it('tells of its release when the peer ends as well', async () => {
      const [client, accepted] = await peers.pair();
      const [transport, other] = await encrypt([client, accepted]);
      const told = new RecordingReceiver(transport);
      transport.start(told);
      other.start(new RecordingReceiver(other));
      transport.close();
      await told.untilClosed();
      transport.onReleased(() => events.push('released'));
      expect(events).toEqual([]);
      const closed = eventually('the end of the socket', fromEvent(client, 'close'));
      other.close();
      await closed;
      await eventually('the release', new Promise<void>((resolve) => transport.onReleased(resolve)));
      expect(events).toEqual(['released']);
      expect(told.violations).toEqual([]);
    });

    for (const role of ['client', 'startTls']) {
      it(`keeps no process alive: ${role}`, async () => {
        const peer = await listenTls(peers);
        peer.secured.subscribe((socket) => socket.resume());
        const exited = new Promise<string>((resolve, reject) => {
          execFile(process.execPath, [PROGRAM, role, String(peer.port)], (error, output) => {
            if (error) reject(error);
            else resolve(output);
          });
        });
        expect(await eventually('the exit of the program', exited)).toBe('closed');
      });
    }

    it('keeps no process alive: server', async () => {
      const program = spawn(process.execPath, [PROGRAM, 'server'], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      program.stdout.on('data', (chunk) => (output += String(chunk)));
      const exited = new Promise((resolve) => program.once('exit', resolve));
      await eventually('the port', fromEvent(program.stdout, 'data'));
      const socket = await connectTls(await peers.connect(Number(output)));
      socket.allowHalfOpen = true;
      socket.resume();
      expect(await eventually('the exit of the program', exited)).toBe(0);
      expect(output).toContain('closed');
      socket.destroy();
    });
  });

  describe('an abort', () => {
    it('may come inside next, and resets', async () => {
      const [one, other] = await pair();
      const error = new Promise((resolve) => {
        other.reader.chunks().subscribe({
          next: () => other.writer.abort('seen enough'),
          error: resolve,
        });
      });
      one.writer.write('one');
      expect(await eventually('the error of the read', error)).toEqual(
        jasmine.objectContaining({ code: 'ERR_CONNECTION_CLOSED', cause: 'seen enough' }),
      );
      await gone(other);
      const loss = await failureOf('the read of the other end', one.reader.read());
      expect(loss).toBeInstanceOf(ConnectionLostError);
      expect((loss as Error).cause).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
    });

    it('may come inside the data of the peer', async () => {
      for (let i = 0; i < 20; i++) {
        const [one, other] = await pair();
        other.reader.chunks().subscribe({ next: () => one.writer.abort(), error: () => undefined });
        one.writer.write('x'.repeat(100_000));
        await gone(one);
        const failed = failureOf('the read', other.reader.read().pipe(concatMap(() => other.reader.read())));
        other.writer.abort();
        expect(await failed).toEqual(jasmine.any(Error));
      }
    });

    it('may come inside the callback of the connect', async () => {
      const peer = await listenTls(peers);
      for (let i = 0; i < 20; i++) {
        const connection$ = fromConnection({
          host: 'localhost',
          family: 4,
          port: peer.port,
          tls: { ca: authority },
        });
        const connection = await new Promise<Connection>((resolve) => {
          connection$.subscribe({
            next: (value) => {
              value.writer.write('into the void');
              value.writer.abort('at once');
              resolve(value);
            },
          });
        });
        expect(await failureOf('the read', connection.reader.read())).toBeInstanceOf(ConnectionClosedError);
        await gone(connection);
      }
    });

    it('drops what was written before and after', async () => {
      const [one, other] = await encrypt(await peers.pair());
      const [toOne, toOther] = [new RecordingReceiver(one), new RecordingReceiver(other)];
      one.start(toOne);
      other.start(toOther);
      one.write('before');
      one.abort('now');
      one.write('after');
      one.writeEof();
      one.close();
      await toOne.untilClosed();
      await toOther.until('the end or the loss', () => toOther.order.length > 0);
      expect(toOther.text).toBe('');
      expect(toOne.order).toEqual(['closed']);
      expect(toOne.errors).toEqual(['now']);
      other.abort();
    });

    it('frees the socket also when its end was sent just before', async () => {
      const [client, accepted] = await peers.pair();
      const [one, other] = (await encrypt([client, accepted])).map((transport) => new Connection(transport));
      one!.writer.write('bye');
      one!.writer.writeEof();
      expect(text(await eventually('the end', other!.reader.read()))).toBe('bye');
      const closed = eventually('the end of the socket', fromEvent(client, 'close'));
      one!.writer.abort();
      await closed;
      await gone(one!);
      other!.writer.abort();
    });
  });

  it('is lost when the peer breaks the encryption', async () => {
    // Somebody sits between the two.
    const [client, left] = await peers.pair();
    const [right, accepted] = await peers.pair();
    left.pipe(right).pipe(left);
    const [one, other] = (await encrypt([client, accepted])).map((transport) => new Connection(transport));
    const lost = failureOf('the read', one!.reader.read());
    left.write('this is no record of TLS');
    const loss = await lost;
    expect(loss).toBeInstanceOf(ConnectionLostError);
    const cause = (loss as Error).cause as NodeJS.ErrnoException;
    expect(cause.code).toMatch(/^ERR_SSL_/);
    expect((loss as Error).message).toBe(`The connection was lost: ${cause.message}`);
    expect(cause.message).toMatch(/^TLS: [a-z ]+$/);
    expect((cause.cause as Error).message)
      .withContext('the raw text')
      .toContain(':error:');
    other!.writer.abort();
    await gone(other!);
  });

  it('is lost when somebody destroys the socket below', async () => {
    const [client, accepted] = await peers.pair();
    const [one] = (await encrypt([client, accepted])).map((transport) => new Connection(transport));
    client.destroy();
    expect(await failureOf('the read', one!.reader.read())).toBeInstanceOf(ConnectionLostError);
    expect(await failureOf('waitClosed()', one!.writer.waitClosed())).toBeInstanceOf(ConnectionLostError);
  });
});
