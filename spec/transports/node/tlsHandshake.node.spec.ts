import { createServer } from 'node:tls';
import type { Socket } from 'node:net';
import { clientHandshake, serverHandshake } from '../../../src/transports/node/tlsHandshake.js';
import { eventually, failureOf } from '../../contracts/eventually.js';
import { plainPeers } from '../../observables/plainPeers.js';
import { authority, server as certificate } from './certificates.js';

describe('tlsHandshake', () => {
  const peers = plainPeers();

  // A socket whose peer is a TLS server.
  async function connected(): Promise<Socket> {
    const [client, accepted] = await peers.pair();
    createServer(certificate)
      .on('tlsClientError', () => undefined)
      .on('secureConnection', (socket) => socket.on('error', () => undefined))
      .emit('connection', accepted);
    return client;
  }

  for (const rejectUnauthorized of [true, false]) {
    for (const thrown of [new Error('not this one'), 'a text', undefined]) {
      it(`fails with what checkServerIdentity throws: ${String(thrown)}, ${rejectUnauthorized}`, async () => {
        const raw = await connected();
        const checkServerIdentity = (): never => {
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- foreign code may
          throw thrown;
        };
        const options = { host: 'localhost', ca: authority, rejectUnauthorized, checkServerIdentity };
        expect(await failureOf('the handshake', clientHandshake(raw, options))).toBe(thrown);
        expect(raw.destroyed).toBeTrue();
      });
    }
  }

  it('still lets checkServerIdentity refuse, and accept', async () => {
    const refusal = new Error('not this one');
    const refused = { host: 'localhost', ca: authority, checkServerIdentity: () => refusal };
    expect(await failureOf('the handshake', clientHandshake(await connected(), refused))).toBe(refusal);
    const accepted = { host: 'elsewhere', ca: authority, checkServerIdentity: () => undefined };
    const socket = await eventually('the handshake', clientHandshake(await connected(), accepted));
    expect(socket.authorized).toBeTrue();
    socket.destroy();
  });

  it('says in words what the peer sent in place of TLS, on both sides', async () => {
    const [[client, toClient], [accepted, toAccepted]] = [await peers.pair(), await peers.pair()];
    const handshakes = [
      failureOf('the client', clientHandshake(client, { host: 'localhost' })),
      failureOf('the server', serverHandshake(accepted, certificate)),
    ];
    toClient.write('220 ready, and this is no record of TLS\r\n');
    toAccepted.write('EHLO there, and this is no record of TLS\r\n');
    for (const error of (await Promise.all(handshakes)) as NodeJS.ErrnoException[]) {
      expect(error.message).toMatch(/^TLS: [a-z ]+$/);
      expect(error.code).toMatch(/^ERR_SSL_/);
      expect((error.cause as Error).message).toContain(':error:');
    }
  });

  it('leaves no socket open when the certificate or the key is none', async () => {
    const broken = { cert: 'no certificate', key: 'no key' };
    for (const handshake of [clientHandshake, serverHandshake]) {
      const [raw] = await peers.pair();
      const error = (await failureOf('the handshake', handshake(raw, { ...broken }))) as Error;
      expect(error.message).toMatch(/^TLS: /);
      expect(raw.destroyed).toBeTrue();
    }
  });
});
