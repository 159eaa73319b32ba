import { RecordingReceiver } from '../../src/testing/RecordingReceiver.js';
import { DuplexTransport } from '../../src/transports/DuplexTransport.js';
import { plainPeers } from '../observables/plainPeers.js';
import { duplexPair } from '../transports/duplexPair.js';
import { contractSpecs } from './contractSpecs.js';

describe('The contract', () => {
  const peers = plainPeers();

  async function socketPair(): Promise<[DuplexTransport, DuplexTransport]> {
    const [client, server] = await peers.pair();
    return [new DuplexTransport(client), new DuplexTransport(server)];
  }

  contractSpecs('DuplexTransport on TCP sockets', socketPair);

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
