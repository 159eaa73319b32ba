import type { Socket } from 'node:net';
import { concat, fromEvent, ignoreElements, race, Subject, take, toArray, VirtualTimeScheduler } from 'rxjs';
import type { NodeStartTlsOptions } from '../../../src/node.js';
import { openConnection } from '../../../src/observables/openConnection.js';
import { Connection } from '../../../src/streams/Connection.js';
import {
  ConnectionClosedError,
  ConnectionLostError,
  HandshakeTimeoutError,
  UnreadPlaintextError,
  WriteAfterEndError,
} from '../../../src/streams/errors.js';
import { Recording } from '../../../src/testing/Recording.js';
import { wiretap } from '../../../src/testing/wiretap.js';
import { connectionPair } from '../../../src/transports/memory/connectionPair.js';
import { DuplexTransport } from '../../../src/transports/node/DuplexTransport.js';
import { difference, joined, seededBytes, text } from '../../contracts/bytes.js';
import { eventually, failureOf } from '../../contracts/eventually.js';
import { plainPeers, reset } from '../../observables/plainPeers.js';
import { connectTls, listenTls } from '../../observables/tlsPeers.js';
import { authority, server as certificate, stranger } from './certificates.js';
import { duplexPair } from './duplexPair.js';

const asClient: NodeStartTlsOptions = { ca: authority, servername: 'localhost' };
const asServer: NodeStartTlsOptions = { isServer: true, ...certificate };

describe('startTls', () => {
  const peers = plainPeers();

  async function pair(): Promise<[Connection, Connection]> {
    const [client, server] = await peers.pair();
    return [new Connection(new DuplexTransport(client)), new Connection(new DuplexTransport(server))];
  }

  async function secure([client, server]: [Connection, Connection]): Promise<void> {
    // The server first: from then on nothing of the client's is taken for plaintext.
    const secured = [server.writer.startTls(asServer), client.writer.startTls(asClient)];
    await Promise.all(secured.map((side, i) => eventually(`side ${i}`, side)));
  }

  // One end that speaks plain `node:net`, and knows nothing of TLS.
  async function withPeer(scheduler?: VirtualTimeScheduler): Promise<[Connection, Socket]> {
    const [client, peer] = await peers.pair();
    const transport = new DuplexTransport(client, { scheduler });
    return [new Connection(transport, { limit: 100 }), peer];
  }

  function abortAll(...connections: Connection[]): Promise<unknown> {
    for (const { writer } of connections) writer.abort();
    return Promise.all(connections.map(({ writer }) => eventually('the close', writer.waitClosed())));
  }

  it('encrypts both sides, with the same readers and writers', async () => {
    const both = await pair();
    const [client, server] = both;
    client.writer.write('STARTTLS\n');
    expect(text(await eventually('the command', server.reader.readLine()))).toBe('STARTTLS\n');
    server.writer.write('GO AHEAD\n');
    const serverSide = eventually('the server', server.writer.startTls(asServer));
    expect(text(await eventually('the answer', client.reader.readLine()))).toBe('GO AHEAD\n');
    await eventually('the client', client.writer.startTls(asClient));
    await serverSide;
    for (const { writer } of both) expect(writer.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
    expect(client.writer.getExtraInfo('peercert')!.subject.CN).toBe('localhost');
    expect(server.writer.getExtraInfo('servername')).toBe('localhost');
    client.writer.write('secret\n');
    expect(text(await eventually('the secret', server.reader.readLine()))).toBe('secret\n');
    server.writer.write('answer\n');
    expect(text(await eventually('the answer', client.reader.readLine()))).toBe('answer\n');
    await abortAll(...both);
  });

  it('emits once and completes, and does nothing before it is subscribed to', async () => {
    const both = await pair();
    const [client, server] = both;
    const [ofClient, ofServer] = [client.writer.startTls(asClient), server.writer.startTls(asServer)];
    client.writer.write('still in plain');
    expect(text(await eventually('the words', server.reader.readExactly(14)))).toBe('still in plain');
    const values = await Promise.all([
      eventually('the client', ofClient.pipe(toArray())),
      eventually('the server', ofServer.pipe(toArray())),
    ]);
    expect(values).toEqual([[undefined], [undefined]]);
    await abortAll(...both);
  });

  it('talks with a plain node:tls server as a client, and knows the host it is connected to', async () => {
    const peer = await listenTls(peers);
    peer.secured.subscribe((socket) => socket.pipe(socket));
    const client = await openConnection({ host: 'localhost', family: 4, port: peer.port });
    await eventually('the handshake', client.writer.startTls({ ca: authority }));
    client.writer.write('hello\n');
    expect(text(await eventually('the echo', client.reader.readLine()))).toBe('hello\n');
    expect(client.writer.getExtraInfo('servername')).toBe('localhost');
    await abortAll(client);
  });

  it('talks with a plain node:tls client as a server', async () => {
    const [raw, accepted] = await peers.pair();
    const server = new Connection(new DuplexTransport(accepted));
    const secured = eventually('the handshake', server.writer.startTls(asServer));
    const socket = await connectTls(raw);
    await secured;
    socket.write('hello\n');
    expect(text(await eventually('the line', server.reader.readLine()))).toBe('hello\n');
    await abortAll(server);
  });

  it('keeps the addresses, also after the close', async () => {
    const both = await pair();
    const names = (): unknown[] => ['peername', 'sockname'].map((name) => both[0].writer.getExtraInfo(name));
    const before = names();
    await secure(both);
    expect(names()).toEqual(before);
    await abortAll(...both);
    expect(names()).toEqual(before);
  });

  it('sends what was written before in plain, however much it is, and nothing of what is written meanwhile', async () => {
    const [connection, peer] = await withPeer();
    const { writer } = connection;
    const chunks: Uint8Array[] = [];
    peer.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    const sent = seededBytes(3, 4 * 2 ** 20);
    writer.write(sent);
    writer.write('the end of it');
    const failed = failureOf('the handshake', writer.startTls(asClient));
    writer.write('a secret');
    writer.write(new Uint8Array(100_000));
    while (joined(chunks).length <= sent.length + 13) await eventually('more bytes', fromEvent(peer, 'data'));
    reset(peer);
    expect(await failed).toBeInstanceOf(ConnectionLostError);
    const heard = joined(chunks);
    expect(difference(heard.subarray(0, sent.length), sent)).toBe('none');
    expect(text(heard.subarray(sent.length, sent.length + 13))).toBe('the end of it');
    // A record of TLS that holds a handshake.
    expect(heard.subarray(sent.length + 13, sent.length + 15)).toEqual(Uint8Array.of(22, 3));
    expect(String(Buffer.from(heard))).not.toContain('a secret');
    expect(heard.length).toBeLessThan(sent.length + 2000);
  });

  it('sends what is written meanwhile encrypted, in order with what comes later', async () => {
    const both = await pair();
    const [client, server] = both;
    const secured = secure(both);
    const sent = seededBytes(4, 300_000);
    client.writer.write('meanwhile\n');
    client.writer.write(sent);
    await secured;
    client.writer.write('later\n');
    expect(text(await eventually('a line', server.reader.readLine()))).toBe('meanwhile\n');
    expect(difference(await eventually('the bytes', server.reader.readExactly(sent.length)), sent)).toBe(
      'none',
    );
    expect(text(await eventually('a line', server.reader.readLine()))).toBe('later\n');
    await abortAll(...both);
  });

  it('ends the direction behind the handshake when writeEof() comes meanwhile', async () => {
    const both = await pair();
    const [client, server] = both;
    const secured = secure(both);
    client.writer.write('all I have to say');
    client.writer.writeEof();
    await secured;
    expect(text(await eventually('the words', server.reader.read()))).toBe('all I have to say');
    server.writer.write('understood');
    expect(text(await eventually('the answer', client.reader.readExactly(10)))).toBe('understood');
    await abortAll(...both);
  });

  it('aborts when close() comes meanwhile, and sends nothing more', async () => {
    const [{ writer }, peer] = await withPeer();
    const failed = failureOf('the handshake', writer.startTls(asClient));
    const ended = eventually('the end', race(fromEvent(peer, 'close'), fromEvent(peer, 'end')));
    await eventually('the first message of the handshake', fromEvent(peer, 'data'));
    writer.write('never sent');
    writer.close();
    expect(await failed).toBeInstanceOf(Error);
    await eventually('the close', writer.waitClosed());
    await ended;
  });

  it('lets a read that was waiting before go on after it', async () => {
    const both = await pair();
    const [client, server] = both;
    const line = eventually('the line', server.reader.readLine());
    const lines: string[] = [];
    const two = new Promise<void>((resolve) => {
      client.reader
        .lines()
        .pipe(take(2))
        .subscribe({
          next: (value) => lines.push(value),
          complete: resolve,
        });
    });
    await secure(both);
    client.writer.write('encrypted\n');
    expect(text(await line)).toBe('encrypted\n');
    server.writer.write('one\ntwo\n');
    await eventually('two lines', two);
    expect(lines).toEqual(['one', 'two']);
    await abortAll(...both);
  });

  describe('refuses', () => {
    it('with plaintext in the reader; the connection goes on in plain', async () => {
      const [connection, peer] = await withPeer();
      const { reader, writer } = connection;
      peer.write('+OK\nEVIL');
      expect(text(await eventually('the line', reader.readLine()))).toBe('+OK\n');
      const error = await failureOf('startTls()', writer.startTls(asClient));
      expect(error).toBeInstanceOf(UnreadPlaintextError);
      expect((error as UnreadPlaintextError).bytes).toBe(4);
      expect(writer.isClosing()).toBeFalse();
      peer.write(' AND MORE\n');
      expect(text(await eventually('the line', reader.readLine()))).toBe('EVIL AND MORE\n');
      const heard = eventually('an answer', fromEvent(peer, 'data'));
      writer.write('in plain');
      expect(String(await heard)).toBe('in plain');
      await abortAll(connection);
    });

    it('with plaintext in half a frame', async () => {
      const [connection, peer] = await withPeer();
      const line = eventually('the line', connection.reader.lines());
      peer.write('half a l');
      while (connection.reader.bufferedBytes < 8) await new Promise((resolve) => setImmediate(resolve));
      const error = await failureOf('startTls()', connection.writer.startTls(asClient));
      expect((error as UnreadPlaintextError).bytes).toBe(8);
      peer.write('ine\n');
      expect(await line).toBe('half a line');
      await abortAll(connection);
    });

    it('with plaintext in the paused socket; the connection goes on in plain', async () => {
      const [connection, peer] = await withPeer();
      const { reader, writer } = connection;
      const socket = writer.getExtraInfo('socket') as Socket;
      const sent = seededBytes(8, 300_000);
      peer.write(sent);
      while (socket.readableLength === 0) await new Promise((resolve) => setImmediate(resolve));
      // The reader has stopped the socket, and takes all that came before.
      const taken = reader.bufferedBytes;
      await eventually('what came before', reader.readExactly(taken));
      const waiting = socket.readableLength;
      expect(waiting).toBeGreaterThan(0);
      // In the same step, before the socket can go on.
      let error: unknown;
      expect(reader.bufferedBytes).toBe(0);
      writer.startTls(asClient).subscribe({ error: (reason: unknown) => (error = reason) });
      expect(error).toBeInstanceOf(UnreadPlaintextError);
      expect((error as UnreadPlaintextError).bytes).toBe(waiting);
      const read = await eventually('the rest', reader.readExactly(sent.length - taken));
      expect(difference(read, sent.subarray(taken))).toBe('none');
      writer.write('in plain');
      expect(String(await eventually('an answer', fromEvent(peer, 'data')))).toBe('in plain');
      await abortAll(connection);
    });

    it('a second time, while it is under way and when it is over', async () => {
      const both = await pair();
      const [client, server] = both;
      const secured = eventually('the client', client.writer.startTls(asClient));
      const busy = await failureOf('a second one', client.writer.startTls(asClient));
      expect(busy).toEqual(jasmine.any(TypeError));
      expect((busy as Error).message).toContain('under way');
      await eventually('the server', server.writer.startTls(asServer));
      await secured;
      const over = await failureOf('a third one', client.writer.startTls(asClient));
      expect((over as Error).message).toContain('encrypted already');
      client.writer.write('still fine\n');
      expect(text(await eventually('a line', server.reader.readLine()))).toBe('still fine\n');
      await abortAll(...both);
    });

    it('after writeEof(), close() and abort()', async () => {
      const [[ended], [closing], [aborted]] = [await withPeer(), await withPeer(), await withPeer()];
      ended.writer.writeEof();
      closing.writer.write('bye');
      closing.writer.close();
      aborted.writer.abort('no');
      expect(await failureOf('startTls()', ended.writer.startTls(asClient))).toBeInstanceOf(
        WriteAfterEndError,
      );
      for (const { writer } of [closing, aborted]) {
        expect(await failureOf('startTls()', writer.startTls(asClient))).toBeInstanceOf(
          ConnectionClosedError,
        );
      }
      await abortAll(ended, aborted);
      await eventually('the close', closing.writer.waitClosed());
    });

    it('when the connection is lost', async () => {
      const [{ writer }, peer] = await withPeer();
      reset(peer);
      await failureOf('waitClosed()', writer.waitClosed());
      expect(await failureOf('startTls()', writer.startTls(asClient))).toBeInstanceOf(ConnectionLostError);
    });

    it('senseless options, at the call', async () => {
      const [connection] = await withPeer();
      const startWith = (options?: NodeStartTlsOptions) => () => connection.writer.startTls(options);
      expect(startWith()).toThrowError(TypeError, /servername is needed/);
      expect(startWith({ ca: authority })).toThrowError(TypeError, /servername is needed/);
      expect(startWith({ ...asClient, handshakeTimeout: 0 })).toThrowError(RangeError, /handshakeTimeout/);
      expect(startWith({ ...asServer, shutdownTimeout: -1 })).toThrowError(RangeError, /shutdownTimeout/);
      await abortAll(connection);
    });
  });

  describe('when the handshake fails,', () => {
    it('the connection is lost: the observable and the reads say why', async () => {
      const both = await pair();
      const [client, server] = both;
      const read = failureOf('the read', client.reader.readLine());
      const serverFailed = failureOf('the server', server.writer.startTls({ isServer: true, ...stranger }));
      const error = await failureOf('the client', client.writer.startTls(asClient));
      expect(error).toBeInstanceOf(ConnectionLostError);
      const cause = (error as Error).cause as NodeJS.ErrnoException;
      expect(cause.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
      const loss = await read;
      expect(loss).toBeInstanceOf(ConnectionLostError);
      expect((loss as Error).cause).toBe(cause);
      expect(await failureOf('waitClosed()', client.writer.waitClosed())).toBe(loss);
      // The server may have been through already: with TLS 1.3 it is the client that has the last word.
      expect(await Promise.race([serverFailed, failureOf('the read', server.reader.readExactly(1))])).toEqual(
        jasmine.any(Error),
      );
      await abortAll(server).catch(() => undefined);
    });

    it('as a server, too', async () => {
      const [connection, peer] = await withPeer();
      const read = failureOf('the read', connection.reader.readLine());
      const failed = failureOf('the handshake', connection.writer.startTls(asServer));
      peer.write('GET / HTTP/1.0\r\n\r\n');
      const error = await failed;
      expect(error).toBeInstanceOf(ConnectionLostError);
      expect((error as Error).cause).toEqual(jasmine.objectContaining({ code: 'ERR_SSL_HTTP_REQUEST' }));
      expect(await read).toEqual(jasmine.objectContaining({ code: 'ERR_CONNECTION_LOST' }));
    });

    it('because the peer resets', async () => {
      for (const options of [asClient, asServer]) {
        const [connection, peer] = await withPeer();
        const failed = failureOf('the handshake', connection.writer.startTls(options));
        reset(peer);
        const error = await failed;
        expect(error).toBeInstanceOf(ConnectionLostError);
        expect((error as Error).cause).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
        expect(await failureOf('the read', connection.reader.read())).toBeInstanceOf(ConnectionLostError);
      }
    });

    it('because the peer ends', async () => {
      for (const options of [asClient, asServer]) {
        const [connection, peer] = await withPeer();
        peer.end();
        const error = await failureOf('the handshake', connection.writer.startTls(options));
        expect(error).toBeInstanceOf(ConnectionLostError);
        expect(await failureOf('waitClosed()', connection.writer.waitClosed())).toBeInstanceOf(
          ConnectionLostError,
        );
      }
    });

    it('because the peer has ended before', async () => {
      const [connection, peer] = await withPeer();
      peer.end();
      expect(text(await eventually('the end', connection.reader.read()))).toBe('');
      const error = await failureOf('the handshake', connection.writer.startTls(asClient));
      expect(error).toBeInstanceOf(ConnectionLostError);
      expect(await failureOf('waitClosed()', connection.writer.waitClosed())).toBeInstanceOf(
        ConnectionLostError,
      );
    });

    it('because the peer resets while what was written is still being sent', async () => {
      const [connection, peer] = await withPeer();
      peer.pause();
      connection.writer.write(new Uint8Array(64 * 2 ** 20));
      const failed = failureOf('the handshake', connection.writer.startTls(asClient));
      reset(peer);
      expect(await failed).toBeInstanceOf(ConnectionLostError);
      expect(await failureOf('the read', connection.reader.read())).toBeInstanceOf(ConnectionLostError);
    });

    it('because the peer ends while what was written is still being sent', async () => {
      const [connection, peer] = await withPeer();
      peer.pause();
      connection.writer.write(new Uint8Array(64 * 2 ** 20));
      const failed = failureOf('the handshake', connection.writer.startTls(asClient));
      peer.end();
      expect(await failed).toBeInstanceOf(ConnectionLostError);
      expect(await failureOf('the read', connection.reader.read())).toBeInstanceOf(ConnectionLostError);
    });

    it('because it takes longer than handshakeTimeout', async () => {
      const scheduler = new VirtualTimeScheduler();
      const [connection, peer] = await withPeer(scheduler);
      const options = { ...asClient, handshakeTimeout: 700 };
      const failed = failureOf('the handshake', connection.writer.startTls(options));
      await eventually('the first message', fromEvent(peer, 'data'));
      scheduler.maxFrames = 699;
      scheduler.flush();
      expect(connection.writer.isClosing()).toBeFalse();
      scheduler.maxFrames = 700;
      scheduler.flush();
      const error = await failed;
      expect(error).toBeInstanceOf(ConnectionLostError);
      expect((error as Error).cause).toBeInstanceOf(HandshakeTimeoutError);
      expect(await failureOf('the read', connection.reader.read())).toBeInstanceOf(ConnectionLostError);
    });
  });

  it('aborts the connection when it is unsubscribed from in the middle', async () => {
    for (const written of ['', new Uint8Array(64 * 2 ** 20)]) {
      const [connection, peer] = await withPeer();
      if (written !== '') peer.pause();
      connection.writer.write(written);
      const subscription = connection.writer.startTls(asClient).subscribe({ next: fail, error: fail });
      if (written === '') await eventually('the first message', fromEvent(peer, 'data'));
      subscription.unsubscribe();
      const gone = eventually('the end', race(fromEvent(peer.resume(), 'close'), fromEvent(peer, 'end')));
      await eventually('the close', connection.writer.waitClosed());
      await gone;
      expect(connection.writer.isClosing()).toBeTrue();
    }
  });

  it('is over when the connection is aborted meanwhile', async () => {
    const both = await pair();
    const failed = failureOf('the handshake', both[0].writer.startTls(asClient));
    const server = failureOf('the server', both[1].writer.startTls(asServer));
    both[0].writer.abort('enough');
    expect(await failed).toBeInstanceOf(Error);
    expect(await server).toBeInstanceOf(ConnectionLostError);
    const read = await failureOf('the read', both[0].reader.read());
    expect(read).toBeInstanceOf(ConnectionClosedError);
    expect((read as Error).cause).toBe('enough');
  });

  it('never emits when the connection is aborted within the handshake', async () => {
    const both = await pair();
    const [client, server] = both;
    const checkServerIdentity = (): undefined => {
      client.writer.abort('not this one');
      return undefined;
    };
    const failed = failureOf('the client', client.writer.startTls({ ...asClient, checkServerIdentity }));
    server.writer.startTls(asServer).subscribe({ error: () => undefined });
    expect(await failed).toBeInstanceOf(ConnectionLostError);
    await eventually('the close', client.writer.waitClosed());
    await failureOf('the read of the server', server.reader.readExactly(1));
  });

  it('leaves no listeners and no timers behind', async () => {
    const scheduler = new VirtualTimeScheduler();
    const [client, peer] = await peers.pair();
    const connection = new Connection(new DuplexTransport(client, { scheduler }));
    const before = ['end', 'close', 'error'].map((name) => client.listenerCount(name));
    const server = new Connection(new DuplexTransport(peer));
    const secured = eventually('the server', server.writer.startTls(asServer));
    await eventually('the client', connection.writer.startTls(asClient));
    await secured;
    scheduler.flush();
    expect(scheduler.now()).toBe(0);
    const after = ['end', 'close', 'error'].map((name) => client.listenerCount(name));
    // Node's own and one against uncaught errors.
    after.forEach((count, i) => expect(count).toBeLessThanOrEqual(before[i]! + 2));
    await abortAll(connection, server);
  });

  it('is written in the middle of a stream of commands, as in SMTP', async () => {
    const both = await pair();
    const [client, server] = both;
    const done = new Subject<void>();
    const finished = eventually('the greeting behind TLS', done);
    client.writer.write('STARTTLS\n');
    concat(server.reader.readLine(), server.writer.send('220\n'), server.writer.startTls(asServer))
      .pipe(ignoreElements())
      .subscribe({ complete: () => server.writer.write('250\n') });
    concat(client.reader.readLine(), client.writer.startTls(asClient))
      .pipe(ignoreElements())
      .subscribe({
        complete: () => {
          client.reader.readLine().subscribe((line) => {
            expect(text(line)).toBe('250\n');
            done.next();
          });
        },
      });
    await finished;
    await abortAll(...both);
  });

  it('passes through a wiretap, which hears the plaintext of both parts', async () => {
    const recording = new Recording();
    const [client, accepted] = await peers.pair();
    const tapped = new Connection(new DuplexTransport(client), { wrap: wiretap(recording) });
    const server = new Connection(new DuplexTransport(accepted));
    await secure([tapped, server]);
    tapped.writer.write('secret');
    expect(text(await eventually('the secret', server.reader.readExactly(6)))).toBe('secret');
    const sent = recording.events.map(({ type, data }) => `${type} ${data === undefined ? '' : text(data)}`);
    expect(sent).toEqual(['sent secret']);
    await abortAll(tapped, server);
  });

  it('needs no socket below', async () => {
    const [one, other] = duplexPair();
    const both: [Connection, Connection] = [
      new Connection(new DuplexTransport(one)),
      new Connection(new DuplexTransport(other)),
    ];
    await secure(both);
    both[0].writer.write('hello');
    expect(text(await eventually('the word', both[1].reader.readExactly(5)))).toBe('hello');
    await abortAll(...both);
  });

  it('is a TypeError at the call on transports that cannot', () => {
    const [one] = connectionPair();
    expect(() => one.writer.startTls(asClient)).toThrowError(TypeError, /cannot start TLS/);
    const tapped = connectionPair({ wrap: wiretap(new Recording()) })[0];
    expect(() => tapped.writer.startTls(asClient)).toThrowError(TypeError, /cannot start TLS/);
  });
});
