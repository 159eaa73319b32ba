import { RecordingReceiver } from '../../src/testing/RecordingReceiver.js';
import { DuplexTransport } from '../../src/transports/node/DuplexTransport.js';
import { plainPeers } from '../observables/plainPeers.js';
import { temporaryPaths } from '../observables/temporaryPaths.js';
import { duplexPair } from '../transports/node/duplexPair.js';
import { encrypt } from '../transports/node/encrypt.js';
import { contractSpecs } from './contractSpecs.js';

describe('The contract', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();
  let pairs = 0;

  async function socketPair(): Promise<[DuplexTransport, DuplexTransport]> {
    const [client, server] = await peers.pair();
    return [new DuplexTransport(client), new DuplexTransport(server)];
  }

  contractSpecs('DuplexTransport on TCP sockets', socketPair);

  contractSpecs(
    'DuplexTransport on Unix sockets',
    async () => {
      const [client, server] = await peers.unixPair(temporaryPath(`${++pairs}`));
      return [new DuplexTransport(client), new DuplexTransport(server)];
    },
    { resets: false },
  );

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    contractSpecs(`DuplexTransport on ${version}`, async () => encrypt(await peers.pair(), version));
  }

  contractSpecs(
    'DuplexTransport on TLS over Unix sockets',
    async () => encrypt(await peers.unixPair(temporaryPath(`${++pairs}`))),
    { resets: false },
  );

  contractSpecs(
    'DuplexTransport on streams that are no sockets',
    () => {
      const [one, other] = duplexPair();
      return [new DuplexTransport(one), new DuplexTransport(other)];
    },
    { resets: false },
  );

  it('leaves the code of the error to the transport: on TCP it is ECONNRESET', async () => {
    const [one, other] = await socketPair();
    const toOther = new RecordingReceiver(other);
    one.start(new RecordingReceiver(one));
    other.start(toOther);
    one.write('hello');
    await toOther.untilReceived(5);
    one.abort();
    await toOther.untilClosed();
    expect(toOther.errors).toEqual([jasmine.objectContaining({ code: 'ECONNRESET' })]);
  });
});
