import { DuplexTransport } from '../../src/transports/DuplexTransport.js';
import { plainPeers } from '../observables/plainPeers.js';
import { duplexPair } from '../transports/duplexPair.js';
import { transportContract } from './transportContract.js';

describe('The contract', () => {
  const peers = plainPeers();

  transportContract(
    'DuplexTransport on TCP sockets',
    async () => {
      const [client, server] = await peers.pair();
      return [new DuplexTransport(client), new DuplexTransport(server)];
    },
    { resets: true },
  );

  transportContract(
    'DuplexTransport on streams that are no sockets',
    () => {
      const [one, other] = duplexPair();
      return Promise.resolve([new DuplexTransport(one), new DuplexTransport(other)]);
    },
    { resets: false },
  );
});
