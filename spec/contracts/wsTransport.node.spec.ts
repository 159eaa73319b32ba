import type { ClientOptions } from 'ws';
import type { Transport } from '../../src/streams/Transport.js';
import { messageSettings, type MessageOptions } from '../../src/transports/web/MessageSettings.js';
import { MessageTransport } from '../../src/transports/web/MessageTransport.js';
import { linksOf, wsPeers } from '../transports/ws/wsPeers.js';
import { contractSpecs } from './contractSpecs.js';

describe('The contract of a WebSocket of ws', () => {
  const peers = wsPeers();

  async function pair(
    credits: boolean,
    options: MessageOptions = {},
    client: ClientOptions = {},
    tls = false,
  ): Promise<[Transport, Transport]> {
    const { perMessageDeflate = false } = client;
    const links = linksOf(await peers.pair({ client, server: { perMessageDeflate }, tls }));
    const settings = messageSettings(options, credits);
    return [new MessageTransport(links[0], settings), new MessageTransport(links[1], settings)];
  }

  const reversed = async (credits: boolean): Promise<[Transport, Transport]> => {
    const [client, server] = await pair(credits);
    return [server, client];
  };

  contractSpecs('a client of ws and its server', () => pair(false), {
    halfCloses: false,
    reportsThrows: true,
  });
  contractSpecs('a server of ws and its client', () => reversed(false), {
    halfCloses: false,
    reportsThrows: true,
  });
  contractSpecs('a client of ws and its server, with credits', () => pair(true), { reportsThrows: true });
  contractSpecs('a server of ws and its client, with credits', () => reversed(true), { reportsThrows: true });
  contractSpecs('a client of ws and its server, on TLS', () => pair(false, {}, {}, true), {
    halfCloses: false,
    reportsThrows: true,
  });
  contractSpecs('a client of ws and its server, on TLS with credits', () => pair(true, {}, {}, true), {
    reportsThrows: true,
  });
  contractSpecs(
    'a client of ws and its server, compressed',
    () => pair(false, {}, { perMessageDeflate: true }),
    // The zeros of the contract become so few bytes that the system holds them all.
    { halfCloses: false, reportsThrows: true, slowsPeer: false },
  );
});
