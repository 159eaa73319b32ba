import type { Socket } from 'node:net';
import { connect as connectPlainTls, createSecureContext } from 'node:tls';
import { first, fromEvent, mergeMap, of, race, Subject, VirtualTimeScheduler } from 'rxjs';
import type { ClientTlsOptions } from '../../src/node.js';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { fromUnixConnection } from '../../src/observables/fromUnixConnection.js';
import { openConnection } from '../../src/observables/openConnection.js';
import type { Connection } from '../../src/streams/Connection.js';
import { ConnectionLostError, HandshakeTimeoutError } from '../../src/streams/errors.js';
import { difference, seededBytes, text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { authority, client, other, server, stranger } from '../transports/node/certificates.js';
import { ownedClients } from './ownedClients.js';
import { everythingFrom, plainPeers, reset } from './plainPeers.js';
import { listenTls, type TlsPeer } from './tlsPeers.js';
import { temporaryPaths } from './temporaryPaths.js';

const host = '127.0.0.1';
const trusting: ClientTlsOptions = { ca: authority };

describe('TLS of a client', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();
  const connect = ownedClients();

  async function connectTo({ port }: TlsPeer, tls: ClientTlsOptions = trusting): Promise<Connection> {
    return connect({ host: 'localhost', port, family: 4, tls });
  }

  describe('checks its options at the call:', () => {
    for (const name of ['handshakeTimeout', 'shutdownTimeout']) {
      for (const timeout of [0, -1, NaN, 2 ** 31]) {
        it(`a ${name} of ${timeout}`, () => {
          expect(() => fromConnection({ port: 1, tls: { [name]: timeout } })).toThrowError(
            RangeError,
            new RegExp(`^${name} must be`),
          );
        });
      }
    }

    for (const stray of ['ca', 'key', 'cert', 'servername', 'rejectUnauthorized', 'ALPNProtocols']) {
      it(`${stray} outside of tls, where it would do nothing`, () => {
        const options = { port: 1, [stray]: false };
        expect(() => fromConnection(options)).toThrowError(
          TypeError,
          new RegExp(`^${stray} is an option of TLS`),
        );
      });
    }

    it('nobody for the server to prove to be', async () => {
      expect(() => fromUnixConnection('/x', { tls: true })).toThrowError(TypeError, /servername is needed/);
      const [socket] = await peers.pair();
      expect(() => fromConnection({ socket, tls: trusting })).toThrowError(TypeError, /servername is needed/);
      expect(() => openConnection({ fd: 0, tls: trusting })).toThrowError(TypeError, /servername is needed/);
      expect(() => fromUnixConnection('/x', { tls: { servername: 'localhost' } })).not.toThrow();
      expect(() => fromUnixConnection('/x', { tls: { rejectUnauthorized: false } })).not.toThrow();
    });

    it('tls: false is no TLS', async () => {
      const port = await peers.listen((socket) => socket.end('in plain'));
      const greeting = fromConnection({ host, port, tls: false }).pipe(
        mergeMap(({ reader }) => reader.read()),
      );
      expect(text(await eventually('the greeting', greeting))).toBe('in plain');
    });
  });

  describe('verifies the server:', () => {
    // What the server received in clear, when the handshake has failed at the client.
    async function refusal(options: {
      certificate?: typeof server;
      target?: { host?: string };
      tls?: ClientTlsOptions | true;
    }): Promise<unknown> {
      const peer = await listenTls(peers, options.certificate ?? server);
      const events: string[] = [];
      peer.secured.subscribe((socket) => socket.on('data', () => events.push('data')));
      const cut = peer.secured.pipe(
        mergeMap((socket) => race(fromEvent(socket, 'end'), fromEvent(socket, 'close'))),
      );
      const gone = eventually('the end at the server', race(cut, peer.errors));
      const refused = fromConnection({
        host: 'localhost',
        ...options.target,
        port: peer.port,
        tls: options.tls ?? trusting,
      }).pipe(
        mergeMap(({ writer }) => {
          writer.write('secret');
          return of(undefined);
        }),
      );
      const error = await failureOf('the handshake', refused);
      await gone;
      expect(events).withContext('what was sent').toEqual([]);
      return error;
    }

    it('one that nobody vouches for', async () => {
      expect(await refusal({ certificate: stranger })).toEqual(
        jasmine.objectContaining({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      );
    });

    it('one whose authority is not among those that the system trusts', async () => {
      const error = (await refusal({ tls: true })) as NodeJS.ErrnoException;
      expect(error.code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    });

    it('one with the certificate of another host', async () => {
      const error = await refusal({ certificate: other });
      expect(error).toEqual(
        jasmine.objectContaining({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'localhost' }),
      );
    });

    it('one with the right name for the address, and not for the servername', async () => {
      const error = await refusal({ tls: { ...trusting, servername: 'other.test' } });
      expect(error).toEqual(
        jasmine.objectContaining({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'other.test' }),
      );
    });

    it('one that is reached by an address that its certificate does not have', async () => {
      const error = await refusal({ certificate: other, target: { host } });
      expect(error).toEqual(jasmine.objectContaining({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host }));
    });

    it('one that checkServerIdentity has something against', async () => {
      const mine = new Error('not the one I know');
      expect(await refusal({ tls: { ...trusting, checkServerIdentity: () => mine } })).toBe(mine);
    });

    it('also where an option is there but undefined', async () => {
      const left = {
        rejectUnauthorized: undefined,
        checkServerIdentity: undefined,
        servername: undefined,
      } as unknown as ClientTlsOptions;
      const error = await refusal({ certificate: stranger, tls: { ...trusting, ...left } });
      expect(error).toEqual(jasmine.objectContaining({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }));
      const another = await refusal({ certificate: other, tls: { ...trusting, ...left } });
      expect(another).toEqual(jasmine.objectContaining({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }));
    });

    it('not when it is told not to', async () => {
      const peer = await listenTls(peers, stranger);
      const { writer } = await connectTo(peer, { rejectUnauthorized: false });
      expect(writer.getExtraInfo('peercert')!.subject.CN).toBe('localhost');
    });
  });

  it('carries bytes both ways, encrypted', async () => {
    const peer = await listenTls(peers);
    const seen: string[] = [];
    peer.accepted.subscribe((raw) => {
      const write = raw.write.bind(raw);
      raw.write = (chunk: Uint8Array) => (seen.push(String(chunk)), write(chunk));
    });
    peer.secured.subscribe((socket) => socket.pipe(socket));
    const { reader, writer } = await connectTo(peer);
    writer.write('hello\n');
    expect(text(await eventually('the echo', reader.readLine()))).toBe('hello\n');
    const socket = writer.getExtraInfo('socket') as { encrypted?: boolean; bytesWritten: number };
    expect(socket.encrypted).toBeTrue();
    expect(seen.join('')).not.toContain('hello');
  });

  it('connects by an address that the certificate has, without a server name', async () => {
    const peer = await listenTls(peers);
    const secured = eventually('the server', peer.secured);
    const { writer } = await connect({ host, port: peer.port, tls: trusting });
    expect((await secured).servername).toBeFalse();
    expect(writer.getExtraInfo('servername')).toBeUndefined();
  });

  it('tells the server the name of the host, or the servername', async () => {
    const asked: string[] = [];
    const peer = await listenTls(peers, {
      ...server,
      SNICallback: (name, answer) => {
        asked.push(name);
        answer(null, createSecureContext(name === 'other.test' ? other : server));
      },
    });
    const one = await connectTo(peer);
    const another = await connectTo(peer, { ...trusting, servername: 'other.test' });
    expect(asked).toEqual(['localhost', 'other.test']);
    const names = [one, another].map(({ writer }) => [
      writer.getExtraInfo('servername') as unknown,
      writer.getExtraInfo('peercert')!.subject.CN,
    ]);
    expect(names).toEqual([
      ['localhost', 'localhost'],
      ['other.test', 'other.test'],
    ]);
  });

  it('knows what was agreed on', async () => {
    const peer = await listenTls(peers, { ...server, ALPNProtocols: ['two', 'one'] });
    const { writer } = await connectTo(peer, { ...trusting, ALPNProtocols: ['one', 'two'] });
    expect(writer.getExtraInfo('alpnProtocol')).toBe('two');
    expect(writer.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
    expect(writer.getExtraInfo('cipher')).toEqual(jasmine.objectContaining({ version: 'TLSv1.3' }));
    expect(writer.getExtraInfo('peername')).toEqual({ address: host, family: 'IPv4', port: peer.port });
    const old = await connectTo(peer, { ...trusting, maxVersion: 'TLSv1.2' });
    expect(old.writer.getExtraInfo('tlsVersion')).toBe('TLSv1.2');
    expect(old.writer.getExtraInfo('alpnProtocol')).toBeUndefined();
  });

  it('knows nothing of TLS in plain', async () => {
    const port = await peers.listen();
    const { writer } = await connect({ host, port });
    for (const name of ['cipher', 'peercert', 'tlsVersion', 'alpnProtocol', 'servername']) {
      expect(writer.getExtraInfo(name)).withContext(name).toBeUndefined();
    }
  });

  it('proves who it is', async () => {
    const peer = await listenTls(peers, { ...server, ca: authority, requestCert: true });
    const secured = eventually('the server', peer.secured);
    await connectTo(peer, { ...trusting, ...client });
    expect((await secured).getPeerCertificate().subject.CN).toBe('client');
  });

  it('is told of the loss by its reader when the server does not let it in', async () => {
    const peer = await listenTls(peers, {
      ...server,
      ca: authority,
      requestCert: true,
      maxVersion: 'TLSv1.2',
    });
    const error = await failureOf('the connect', fromConnection({ host, port: peer.port, tls: trusting }));
    expect(error).toEqual(jasmine.any(Error));
  });

  it('is told of the alert by its reader when the refusal comes behind the handshake', async () => {
    const peer = await listenTls(peers, { ...server, ca: authority, requestCert: true });
    const { reader, writer } = await connectTo(peer);
    const loss = await failureOf('the read', reader.read());
    expect(loss).toBeInstanceOf(ConnectionLostError);
    expect((loss as Error).cause).toEqual(
      jasmine.objectContaining({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }),
    );
    expect(await failureOf('waitClosed()', writer.waitClosed())).toBe(loss);
  });

  describe('handshakeTimeout', () => {
    it('ends it when the server does not answer, not before', async () => {
      const scheduler = new VirtualTimeScheduler();
      const accepted = new Subject<Socket>();
      const port = await peers.listen((socket) => accepted.next(socket));
      const hello = eventually(
        'the first message',
        accepted.pipe(mergeMap((peer) => fromEvent(peer, 'data'))),
      );
      const tls = { ...trusting, handshakeTimeout: 5000 };
      const failed = failureOf('the handshake', fromConnection({ host, port, tls, scheduler }));
      await hello;
      let settled = false;
      void failed.then(() => (settled = true));
      scheduler.maxFrames = 4999;
      scheduler.flush();
      await new Promise((resolve) => setImmediate(resolve));
      expect(settled).toBeFalse();
      scheduler.maxFrames = 5000;
      scheduler.flush();
      const error = await failed;
      expect(error).toBeInstanceOf(HandshakeTimeoutError);
      expect((error as HandshakeTimeoutError).timeout).toBe(5000);
    });

    it('is 60 seconds, and leaves no timer behind', async () => {
      const scheduler = new VirtualTimeScheduler();
      const peer = await listenTls(peers);
      const { writer } = await connect({ host, port: peer.port, tls: trusting, scheduler });
      scheduler.flush();
      expect(writer.isClosing()).toBeFalse();
      expect(scheduler.now()).withContext('virtual time of the last timer').toBe(0);
      const port = await peers.listen();
      const failed = failureOf('the handshake', fromConnection({ host, port, tls: trusting, scheduler }));
      while (scheduler.actions.length === 0) await new Promise((resolve) => setImmediate(resolve));
      scheduler.maxFrames = 60_000;
      scheduler.flush();
      expect(await failed).toEqual(jasmine.objectContaining({ timeout: 60_000 }));
    });
  });

  it('ends the attempt when it is unsubscribed from in the middle of the handshake', async () => {
    const accepted = new Subject<Socket>();
    const port = await peers.listen((socket) => accepted.next(socket));
    const peer = eventually('the accept', accepted);
    const events: string[] = [];
    const note = (event: string) => () => events.push(event);
    const subscription = fromConnection({ host, port, tls: trusting }).subscribe({
      next: note('next'),
      error: note('error'),
      complete: note('complete'),
    });
    const socket = await peer;
    await eventually('the first message', fromEvent(socket, 'data'));
    const gone = eventually('the end', race(fromEvent(socket, 'end'), fromEvent(socket, 'close')));
    subscription.unsubscribe();
    await gone;
    expect(events).toEqual([]);
  });

  it('may be unsubscribed from within a callback of the handshake', async () => {
    const peer = await listenTls(peers);
    const failed = eventually('the failure at the server', race(peer.errors, peer.secured));
    const subscription = fromConnection({
      host,
      port: peer.port,
      tls: {
        ...trusting,
        checkServerIdentity: () => {
          subscription.unsubscribe();
          return undefined;
        },
      },
    }).subscribe({ next: fail, error: fail });
    await failed;
    expect(subscription.closed).toBeTrue();
  });

  it("errors with Node's own error when the server resets in the middle", async () => {
    const port = await peers.listen((socket) => socket.once('data', () => reset(socket)));
    const error = await failureOf('the handshake', fromConnection({ host, port, tls: trusting }));
    expect(error).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
  });

  it('errors when the server closes in the middle', async () => {
    const port = await peers.listen((socket) => socket.once('data', () => socket.end()));
    const error = await failureOf('the handshake', fromConnection({ host, port, tls: trusting }));
    expect(error).toEqual(jasmine.any(Error));
  });

  it('errors when the server speaks something else', async () => {
    const port = await peers.listen((socket) => socket.write('220 mail.example ESMTP\r\n'));
    const error = await failureOf('the handshake', fromConnection({ host, port, tls: trusting }));
    expect((error as NodeJS.ErrnoException).code).toMatch(/^ERR_SSL_/);
  });

  it('works on a Unix socket', async () => {
    const path = temporaryPath();
    const peer = await listenTls(peers, server, path);
    peer.secured.subscribe((socket) => socket.pipe(socket));
    const echo = fromUnixConnection(path, { tls: { ...trusting, servername: 'localhost' } }).pipe(
      mergeMap(({ reader, writer }) => {
        writer.write('hello\n');
        return reader.readLine();
      }),
    );
    expect(text(await eventually('the echo', echo))).toBe('hello\n');
  });

  it('works on a socket that is there already, connected or connecting', async () => {
    const peer = await listenTls(peers);
    peer.secured.subscribe((socket) => socket.pipe(socket));
    const connected = await peers.connect(peer.port);
    const tls = { ...trusting, servername: 'localhost' };
    const { reader, writer } = await connect({ socket: connected, tls });
    writer.write('hello\n');
    expect(text(await eventually('the echo', reader.readLine()))).toBe('hello\n');
    writer.abort();
    await eventually('the close', writer.waitClosed());
    const bad = await peers.connect(peer.port);
    const error = await failureOf(
      'the check',
      fromConnection({ socket: bad, tls: { ...tls, servername: 'x' } }),
    );
    expect(error).toEqual(jasmine.objectContaining({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }));
    expect(bad.destroyed).toBeTrue();
  });

  it('takes a socket that speaks TLS already, which can also be aborted', async () => {
    const peer = await listenTls(peers);
    const raw = await peers.connect(peer.port);
    const secured = eventually('the server', peer.secured);
    const socket = connectPlainTls({ socket: raw, ca: authority, servername: 'localhost' });
    await eventually('the handshake', fromEvent(socket, 'secureConnect'));
    const { writer } = await connect({ socket });
    expect(writer.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
    const ended = eventually('the end', race(['end', 'close'].map((name) => fromEvent(raw, name))));
    (await secured).resume();
    writer.abort();
    await eventually('the close', writer.waitClosed());
    await ended;
  });

  it('sends what was written before a close that follows at once', async () => {
    const peer = await listenTls(peers);
    const secured = eventually('the server', peer.secured.pipe(first()));
    const sent = seededBytes(5, 2 ** 21);
    const { writer } = await connectTo(peer);
    writer.write(sent);
    writer.close();
    const socket = await secured;
    const received = await everythingFrom(socket);
    expect(difference(received, sent)).toBe('none');
    expect(socket.errored).toBeNull();
    await eventually('the close', writer.waitClosed());
  });
});
