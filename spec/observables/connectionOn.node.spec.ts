import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { fromEvent, mergeMap, race, Subject } from 'rxjs';
import type { ClientTlsOptions, ConnectOptions } from '../../src/node.js';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { fromDuplex } from '../../src/observables/fromDuplex.js';
import { openConnection } from '../../src/observables/openConnection.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { authority, server as certificate } from '../transports/node/certificates.js';
import { duplexPair } from '../transports/node/duplexPair.js';
import { plainPeers } from './plainPeers.js';
import { listenTls } from './tlsPeers.js';

const host = '127.0.0.1';
const mine = new Error('mine');

function throwing(value: unknown = mine): () => never {
  return () => {
    throw value;
  };
}

describe('A connection of a client that cannot be set up is an error of its source, and leaves no socket:', () => {
  const peers = plainPeers();

  async function expectToFail(options: ConnectOptions, accepted: Subject<Socket>): Promise<unknown> {
    const errors: unknown[] = [];
    for (const source of [() => fromConnection(options), () => openConnection(options)]) {
      const gone = eventually(
        'the end at the server',
        accepted.pipe(mergeMap((peer) => race(fromEvent(peer.resume(), 'end'), fromEvent(peer, 'close')))),
      );
      errors.push(await failureOf('the connect', source()));
      await gone;
    }
    expect(errors[0]).toEqual(errors[1]);
    return errors[0];
  }

  describe('`wrap`', () => {
    const misuses: Record<string, [wrap: () => never, expected: unknown]> = {
      'throws an error': [throwing(), mine],
      'throws something else': [throwing('mine'), 'mine'],
      'throws null': [throwing(null), null],
      'returns nothing': [() => undefined as never, jasmine.any(TypeError)],
      'returns a transport that cannot be started': [() => ({ start: throwing() }) as never, mine],
    };
    for (const [misuse, [wrap, expected]] of Object.entries(misuses)) {
      it(misuse, async () => {
        const accepted = new Subject<Socket>();
        const port = await peers.listen((socket) => accepted.next(socket));
        expect(await expectToFail({ host, port, wrap }, accepted)).toEqual(expected);
      });

      it(`${misuse}, with TLS`, async () => {
        const peer = await listenTls(peers);
        const accepted = new Subject<Socket>();
        peer.accepted.subscribe(accepted);
        const options = { host, port: peer.port, wrap, tls: { ca: authority } };
        expect(await expectToFail(options, accepted)).toEqual(expected);
      });

      it(`${misuse}, on a duplex`, async () => {
        const [duplex, peer] = duplexPair();
        const caught = await failureOf('the connection', fromDuplex(duplex, { wrap }));
        expect(caught).toEqual(expected);
        expect(duplex.destroyed).toBeTrue();
        peer.destroy();
      });
    }

    it('throws where the socket carries another connection: that goes on', async () => {
      const [socket] = await peers.pair();
      const { writer } = await openConnection({ socket });
      expect(await failureOf('the second', fromConnection({ socket, wrap: throwing() }))).toEqual(
        jasmine.any(TypeError),
      );
      expect(socket.destroyed).toBeFalse();
      writer.abort();
      await eventually('the close', writer.waitClosed());
    });
  });

  describe('a callback of TLS:', () => {
    const later = async (): Promise<never> => Promise.reject(mine);
    const misuses: Record<string, [tls: ClientTlsOptions, expected: unknown]> = {
      'checkServerIdentity throws': [{ checkServerIdentity: throwing() }, mine],
      'checkServerIdentity throws what is no error': [{ checkServerIdentity: throwing('mine') }, 'mine'],
      'checkServerIdentity throws null': [{ checkServerIdentity: throwing(null) }, null],
      'checkServerIdentity throws, and the certificate would not matter': [
        { checkServerIdentity: throwing(), rejectUnauthorized: false },
        mine,
      ],
      'checkServerIdentity is an async function': [
        { checkServerIdentity: (async () => Promise.resolve(undefined)) as never },
        jasmine.objectContaining({ message: jasmine.stringMatching(/not a promise$/) }),
      ],
      'checkServerIdentity is an async function that throws': [
        { checkServerIdentity: later as never },
        jasmine.any(Error),
      ],
      'pskCallback throws': [
        {
          pskCallback: throwing(),
          ciphers: 'PSK',
          maxVersion: 'TLSv1.2',
          checkServerIdentity: () => undefined,
        },
        mine,
      ],
    };
    for (const [misuse, [tls, expected]] of Object.entries(misuses)) {
      it(misuse, async () => {
        const psk = tls.pskCallback && { ciphers: 'PSK', pskCallback: () => Buffer.from('secret') };
        const peer = await listenTls(peers, psk ?? certificate);
        const accepted = new Subject<Socket>();
        peer.accepted.subscribe(accepted);
        const options = { host, port: peer.port, tls: { ca: authority, ...tls } };
        const error = await expectToFail(options, accepted);
        expect(error).toEqual(expected);
      });
    }

    it('startTls: checkServerIdentity throws', async () => {
      const peer = await listenTls(peers);
      const { writer } = await openConnection({ host, port: peer.port });
      const tls = { ca: authority, servername: 'localhost', checkServerIdentity: throwing() };
      const error = await failureOf('the handshake', writer.startTls(tls));
      expect(error).toEqual(jasmine.objectContaining({ code: 'ERR_CONNECTION_LOST', cause: mine }));
      await failureOf('the close', writer.waitClosed());
    });
  });

  it('TLS makes no sense of its options', async () => {
    const accepted = new Subject<Socket>();
    const port = await peers.listen((socket) => accepted.next(socket));
    const tls = { ca: authority, session: 5 as never };
    expect(await expectToFail({ host, port, tls }, accepted)).toEqual(jasmine.any(Error));
  });

  describe('`lookup`', () => {
    type Lookup = NonNullable<Extract<ConnectOptions, { port: number }>['lookup']>;
    const found = { address: host, family: 4 };
    const answerWith = (...answers: unknown[][]): Lookup =>
      ((_name: string, _options: object, answer: (...given: unknown[]) => void) => {
        for (const given of answers) answer(...given);
      }) as Lookup;
    const laterWith =
      (...answers: unknown[][]): Lookup =>
      (...given) => {
        setImmediate(() => {
          answerWith(...answers)(...given);
        });
      };

    const misuses: Record<string, [lookup: Lookup, expected: unknown]> = {
      throws: [throwing(), mine],
      'throws what is no error': [throwing('mine'), 'mine'],
      'is an async function that throws': [async () => Promise.reject(mine), mine],
      'answers with an error, and throws': [
        (_name, _options, answer) => {
          answer(mine, '');
          throw new Error('too late');
        },
        jasmine.any(Error),
      ],
      'answers with nothing': [answerWith([null]), jasmine.any(Error)],
      'answers with nothing, later': [laterWith([null]), jasmine.any(Error)],
      'answers with what is no address': [answerWith([null, 'nowhere', 4]), jasmine.any(Error)],
      'answers with what is no address, later': [laterWith([null, [5, {}]]), jasmine.any(Error)],
      'answers with no address': [laterWith([null, []]), jasmine.any(Error)],
    };
    for (const [misuse, [lookup, expected]] of Object.entries(misuses)) {
      for (const autoSelectFamily of [false, true]) {
        it(`${misuse}${autoSelectFamily ? ', of a name with many addresses' : ''}`, async () => {
          const options = { host: 'x.test', port: 1, lookup, autoSelectFamily };
          expect(await failureOf('the connect', fromConnection(options))).toEqual(expected);
        });
      }
    }

    for (const [when, answers] of Object.entries({ 'at once': answerWith, later: laterWith })) {
      it(`answers twice, ${when}: the first answer counts`, async () => {
        const port = await peers.listen();
        for (const second of [[null, [found]], [mine]]) {
          const lookup = answers([null, [found]], second);
          const connection = await openConnection({ host: 'x.test', port, lookup });
          // Time for the other answer.
          await new Promise((resolve) => setImmediate(resolve));
          expect(connection.writer.getExtraInfo('peername')!.address).toBe(host);
          expect(connection.writer.isClosing()).toBeFalse();
          connection.writer.abort();
          await eventually('the close', connection.writer.waitClosed());
        }
      });
    }
  });

  it('the scheduler throws', async () => {
    const scheduler = { now: () => 0, schedule: throwing() };
    const lookup = (): void => undefined;
    const destroyed = spyOn(Duplex.prototype, 'destroy').and.callThrough();
    const options = { host: 'x.test', port: 1, lookup, connectTimeout: 5, scheduler };
    expect(await failureOf('the connect', fromConnection(options))).toBe(mine);
    expect(destroyed).toHaveBeenCalled();
  });
});
