import { EventEmitter } from 'node:events';
import { Server as NetServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { first, fromEvent, race, ReplaySubject, Subject, take, takeUntil, toArray } from 'rxjs';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import type { ServerOptions } from '../../src/server/ServerOptions.js';
import type { ServerTlsOptions } from '../../src/node.js';
import type { Connection } from '../../src/streams/Connection.js';
import { text } from '../contracts/bytes.js';
import { eventually } from '../contracts/eventually.js';
import { plainPeers } from '../observables/plainPeers.js';
import { connectTls } from '../observables/tlsPeers.js';
import { server as certificate } from '../transports/node/certificates.js';

const host = '127.0.0.1';
const mine = new Error('mine');

function throwing(value: unknown = mine): () => never {
  return () => {
    throw value;
  };
}

describe('A connection that cannot be set up', () => {
  const peers = plainPeers();
  const finish = new Subject<void>();
  let server: Server;
  let connections: Connection[];
  let told: unknown[];
  let failures: ReplaySubject<unknown>;

  afterEach(async () => {
    finish.next();
    server.abortClients();
    await eventually('the server to be done', server.waitClosed());
  });

  async function listen(options: Partial<ServerOptions>): Promise<void> {
    connections = [];
    told = [];
    failures = new ReplaySubject(1);
    server = await new Promise((resolve, reject) => {
      fromServer({ host, port: 0, ...options } as ServerOptions)
        .pipe(takeUntil(finish))
        .subscribe({ next: resolve, error: reject });
    });
    server.connections$.subscribe((connection) => connections.push(connection));
    server.handshakeErrors$.subscribe((error) => told.push(error));
    server.handshakeErrors$.subscribe(failures);
  }

  function connect(): Promise<Socket> {
    return peers.connect(server.addresses[0]!.port);
  }

  async function expectToBeServed(socket: Socket): Promise<void> {
    const served = connections.length;
    if (served === 0) await eventually('the connection', server.connections$.pipe(first()));
    const { reader } = connections.at(-1)!;
    socket.write('hello\n');
    expect(text(await eventually('the line', reader.readLine()))).toBe('hello\n');
  }

  /** Nothing is left of it but an entry in `handshakeErrors$`. */
  async function expectToFail(socket: Socket): Promise<unknown> {
    const failed = eventually('the failure', failures);
    const gone = eventually('the end', race(fromEvent(socket.resume(), 'end'), fromEvent(socket, 'close')));
    const error = await failed;
    await gone;
    expect(await eventually('the count', server.active$)).toBe(connections.length);
    expect(server.isServing).toBeTrue();
    expect(error).toBeInstanceOf(Error);
    return error;
  }

  describe('since `wrap`', () => {
    const misuses: Record<string, [wrap: () => never, expected: unknown]> = {
      'throws an error': [throwing(), mine],
      'throws something else': [
        throwing(null),
        jasmine.objectContaining({ message: 'A connection could not be set up: null', cause: null }),
      ],
      'returns nothing': [() => undefined as never, jasmine.any(TypeError)],
      'returns a transport that cannot be started': [() => ({ start: throwing() }) as never, mine],
    };
    for (const [misuse, [wrap, expected]] of Object.entries(misuses)) {
      for (const tls of [false, certificate] as const) {
        it(`${misuse}, ${tls ? 'with' : 'without'} TLS, is destroyed, and the others are served`, async () => {
          let good = true;
          await listen({ tls, wrap: (transport) => (good ? transport : wrap()) });
          const open = async (): Promise<Socket> => {
            const socket = await connect();
            return tls ? await connectTls(socket) : socket;
          };
          const before = await open();
          await eventually('the first one', server.active$.pipe(first((count) => count === 1)));
          good = false;
          expect(await expectToFail(await open())).toEqual(expected);
          await expectToBeServed(before);
          good = true;
          const accepted = eventually('a later one', server.connections$);
          const after = await open();
          await accepted;
          await expectToBeServed(after);
          expect(told.length).toBe(1);
        });
      }
    }
  });

  describe('since a callback of TLS', () => {
    const context = createSecureContext(certificate);
    const misuses: Record<string, [tls: ServerTlsOptions, expected: unknown]> = {
      'SNICallback throws': [
        {
          SNICallback: throwing(),
        },
        mine,
      ],
      'SNICallback throws what is no error': [
        {
          SNICallback: throwing('mine'),
        },
        jasmine.objectContaining({ message: 'SNICallback threw "mine"', cause: 'mine' }),
      ],
      'SNICallback throws after its answer': [
        {
          SNICallback: (_name, answer) => {
            answer(null, context);
            throw mine;
          },
        },
        mine,
      ],
      'SNICallback is an async function that throws': [
        { SNICallback: (): unknown => Promise.reject(mine) },
        mine,
      ],
      'SNICallback answers with an error': [{ SNICallback: (_name, answer) => answer(mine) }, mine],
      'SNICallback answers twice': [
        {
          SNICallback: (_name, answer) => {
            answer(null, context);
            answer(null, context);
          },
        },
        jasmine.objectContaining({ code: 'ERR_MULTIPLE_CALLBACK' }),
      ],
      'ALPNCallback throws': [
        {
          ALPNCallback: throwing(),
        },
        mine,
      ],
      'ALPNCallback returns what the client has not': [
        { ALPNCallback: () => 'theirs' },
        jasmine.objectContaining({
          message: 'ALPNCallback must return a protocol of the client\'s, not "theirs"',
        }),
      ],
      'ALPNCallback is an async function': [
        { ALPNCallback: (() => Promise.reject(new Error('later'))) as never },
        jasmine.any(Error),
      ],
    };
    for (const [misuse, [tls, expected]] of Object.entries(misuses)) {
      it(`${misuse}: is destroyed, and the others are served`, async () => {
        let good = true;
        const both = (name: keyof ServerTlsOptions, fallback: (...given: never[]) => unknown): object => {
          if (tls[name] === undefined) return {};
          const bad = tls[name] as (...given: never[]) => unknown;
          return { [name]: (...given: never[]) => (good ? fallback : bad)(...given) };
        };
        await listen({
          tls: {
            ...certificate,
            ...both('SNICallback', (_name: string, answer: (error: null, found: unknown) => void) =>
              answer(null, context),
            ),
            ...both('ALPNCallback', () => 'ours'),
          },
        });
        const open = async (): Promise<TLSSocket> =>
          connectTls(await connect(), { servername: 'localhost', ALPNProtocols: ['ours'] });
        const before = await open();
        await eventually('the first one', server.active$.pipe(first((count) => count === 1)));
        good = false;
        const raw = await connect();
        // For all the client knows the handshake may be over.
        connectTls(raw, { servername: 'localhost', ALPNProtocols: ['ours'] })
          .then((socket) => socket.on('end', () => socket.destroy()).resume())
          .catch(() => undefined);
        expect(await expectToFail(raw)).toEqual(expected);
        await expectToBeServed(before);
        good = true;
        const accepted = eventually('a later one', server.connections$);
        const after = await open();
        await accepted;
        await expectToBeServed(after);
        expect(told.length).toBe(1);
      });
    }

    it('pskCallback throws: is destroyed, and the others are served', async () => {
      const psk = Buffer.from('secret');
      await listen({
        tls: {
          ciphers: 'PSK',
          pskCallback: (_socket, identity) => {
            if (identity !== 'friend') throw mine;
            return psk;
          },
        },
      });
      const as = (identity: string): object => ({
        ciphers: 'PSK',
        maxVersion: 'TLSv1.2',
        checkServerIdentity: () => undefined,
        pskCallback: () => ({ psk, identity }),
      });
      const raw = await connect();
      connectTls(raw, as('stranger')).catch(() => undefined);
      expect(await expectToFail(raw)).toBe(mine);
      await expectToBeServed(await connectTls(await connect(), as('friend')));
    });
  });

  it('since its TLS cannot even begin: is destroyed, and told of', async () => {
    await listen({ tls: certificate });
    const begin = spyOn(TLSSocket.prototype as unknown as { _init(): void }, '_init').and.throwError(mine);
    expect(await expectToFail(await connect())).toBe(mine);
    begin.and.callThrough();
    await expectToBeServed(await connectTls(await connect()));
  });

  it('since the system could not accept it, is told of, and the server goes on', async () => {
    const listening = spyOn(NetServer.prototype, 'listen').and.callThrough();
    await listen({});
    const failures = eventually('two failures', server.handshakeErrors$.pipe(take(2), toArray()));
    const { emit } = EventEmitter.prototype;
    const errors = ['EMFILE', 'ENOBUFS'].map((code) => Object.assign(new Error(`accept ${code}`), { code }));
    for (const error of errors) emit.call(listening.calls.mostRecent().object, 'error', error);
    expect(await failures).toEqual(errors);
    await expectToBeServed(await connect());
  });
});
