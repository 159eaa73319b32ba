import { Subject, takeUntil } from 'rxjs';
import type { Socket } from 'node:net';
import { encodeProxyHeader, type ProxyHeader } from '../../src/index.js';
import type { ConnectOptions } from '../../src/node.js';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { openConnection } from '../../src/observables/openConnection.js';
import { fromServer } from '../../src/server/fromServer.js';
import type { Server } from '../../src/server/Server.js';
import type { ServerOptions } from '../../src/server/ServerOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import { joined, text } from '../contracts/bytes.js';
import { eventually } from '../contracts/eventually.js';
import { at } from '../decoders/proxyHeaders.js';
import { authority, server as certificate } from '../transports/node/certificates.js';
import { ownedClients } from './ownedClients.js';
import { everythingFrom, plainPeers } from './plainPeers.js';
import { temporaryPaths } from './temporaryPaths.js';

const host = '127.0.0.1';
const ENDS = { source: at('192.0.2.7', 51234), destination: at('198.51.100.1', 443) };

describe('A client with proxyProtocol', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();
  const connect = ownedClients();
  const finish = new Subject<void>();

  afterEach(() => finish.next());

  /** All that a plain server gets of a client that writes "hello" and closes. */
  async function received(
    proxyProtocol: Partial<ProxyHeader>,
    path?: string,
  ): Promise<[Uint8Array, Connection]> {
    const all = new Subject<Promise<Uint8Array>>();
    const onSocket = (socket: Socket): void => all.next(everythingFrom(socket));
    const target = path === undefined ? { host, port: await peers.listen(onSocket) } : { path };
    if (path !== undefined) await peers.listenOnPath(path, onSocket);
    const arriving = eventually('the socket', all);
    const connection = await connect({ ...target, proxyProtocol });
    connection.writer.write('hello');
    connection.writer.writeEof();
    return [await arriving, connection];
  }

  it('writes the header first, in either version', async () => {
    for (const header of [
      { version: 1 as const, ...ENDS },
      { ...ENDS, authority: 'a.example', crc32c: true },
    ]) {
      const [data] = await received(header);
      expect(data).toEqual(joined([encodeProxyHeader(header), new TextEncoder().encode('hello')]));
    }
  });

  it('tells its own addresses where it is given none', async () => {
    const [data, { writer }] = await received({ version: 1 });
    const local = writer.getExtraInfo('sockname')!.port;
    const remote = writer.getExtraInfo('peername')!.port;
    expect(text(data)).toBe(`PROXY TCP4 127.0.0.1 127.0.0.1 ${local} ${remote}\r\nhello`);
  });

  it('tells its own path on a Unix socket', async () => {
    const path = temporaryPath();
    const [data] = await received({}, path);
    const unix = { family: 'Unix', port: 0 };
    const header = encodeProxyHeader({
      source: { ...unix, address: '' },
      destination: { ...unix, address: path },
    });
    expect(data).toEqual(joined([header, new TextEncoder().encode('hello')]));
  });

  it('tells no addresses with LOCAL', async () => {
    const [data] = await received({ command: 'LOCAL' });
    expect(data).toEqual(
      joined([encodeProxyHeader({ command: 'LOCAL' }), new TextEncoder().encode('hello')]),
    );
  });

  it('writes it before TLS, and on a socket that is given', async () => {
    const proxyProtocol = { trusted: 'any' as const };
    const options: ServerOptions = { host, port: 0, tls: certificate, proxyProtocol };
    const server = await new Promise<Server>((resolve, reject) => {
      fromServer(options).pipe(takeUntil(finish)).subscribe({ next: resolve, error: reject });
    });
    const tls = { ca: authority, servername: 'localhost' };
    const { port } = server.addresses[0]!;
    for (const target of [{ host, port }, { socket: await peers.connect(port) }]) {
      const accepted = eventually('the connection', server.connections$);
      const client = await eventually('ours', openConnection({ ...target, tls, proxyProtocol: ENDS }));
      const { reader, writer } = await accepted;
      expect(writer.getExtraInfo('peername')).toEqual(ENDS.source);
      expect(writer.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
      client.writer.write('hello\n');
      expect(text(await eventually('the line', reader.readLine()))).toBe('hello\n');
      client.writer.abort();
    }
  });

  it('is refused at the call where no header can be made of it', () => {
    const wrong: [proxyProtocol: unknown, message: RegExp][] = [
      [true, /options must be an object/],
      [{ version: 3 }, /version must be 1 or 2/],
      [{ source: ENDS.source }, /both source and destination/],
      [{ version: 1, authority: 'a' }, /version 1 has no authority/],
    ];
    for (const [proxyProtocol, message] of wrong) {
      const options = { port: 1, proxyProtocol } as ConnectOptions;
      expect(() => fromConnection(options)).toThrowError(message);
      expect(() => void openConnection(options)).toThrowError(message);
    }
  });
});
