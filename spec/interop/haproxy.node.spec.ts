import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProxyHeader } from '../../src/decoders/proxyFormat.js';
import type { ClientTlsOptions } from '../../src/transports/node/tlsOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import type { SocketAddress } from '../../src/streams/Transport.js';
import { difference, seededBytes, text } from '../contracts/bytes.js';
import { at } from '../decoders/proxyHeaders.js';
import { certificateFiles, certificates } from './certificates.js';
import { handOver } from './nobody.js';
import { patiently } from './patience.js';
import { HAPROXY_LISTENS, startHaproxy } from './startHaproxy.js';
import { useConnections, type OurServer } from './useConnections.js';
import { usePrograms } from './usePrograms.js';

const host = '127.0.0.1';
const proxyProtocol = { trusted: [host, '::1'] };
const data = seededBytes(9, 2 ** 20);
const ENDS = { source: at('192.0.2.7', 51234), destination: at('198.51.100.1', 443) };
const ENDS6 = { source: at('2001:db8::7', 51234), destination: at('2001:db8::1', 443) };

describe('HAProxy in front of our server', () => {
  const programs = usePrograms('haproxy', 'openssl');
  const ours = useConnections();

  /** The port of a HAProxy that sends to our server. */
  async function start(
    server: OurServer | string,
    bind: string,
    options: string,
    more = '',
  ): Promise<number> {
    const target = typeof server === 'string' ? `unix@${server}` : `${host}:${server.port}`;
    const begin = (port: number): ReturnType<typeof startHaproxy> =>
      startHaproxy(
        programs,
        `
      listen it
        bind ${bind.replace('PORT', String(port))}
        unique-id-format %ci:%cp
        ${more}
        server ours ${target} ${options}`,
      );
    const { port } = await programs.startOnFreePort(begin, HAPROXY_LISTENS);
    return port;
  }

  /** What HAProxy needs for TLS: its certificate and key in one file, and the authority of its clients. */
  function tlsBind(): string {
    const { ca, cert, key } = certificateFiles(programs.folder);
    const both = join(programs.folder, 'both.pem');
    writeFileSync(both, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'), { mode: 0o600 });
    handOver(both);
    return `ssl crt ${both} ca-file ${ca} verify optional alpn http/1.1,test`;
  }

  function tls(more: ClientTlsOptions = {}): { tls: ClientTlsOptions } {
    return { tls: { ca: certificates().ca, servername: 'localhost', ...more } };
  }

  async function pair(server: OurServer, connecting: Promise<Connection>): Promise<[Connection, Connection]> {
    return Promise.all([connecting, server.accepted()]);
  }

  async function expectToCarry([client, server]: [Connection, Connection]): Promise<void> {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.writer.write(data);
      const received = await patiently('the data', to.reader.readExactly(data.length));
      expect(difference(received, data)).toBe('none');
    }
    client.writer.close();
    expect((await patiently('the end', server.reader.read())).length).toBe(0);
    server.writer.close();
    await patiently('the end of both', server.writer.waitClosed());
  }

  function addressesOf({ writer }: Connection): [SocketAddress | undefined, SocketAddress | undefined] {
    return [writer.getExtraInfo('peername'), writer.getExtraInfo('sockname')];
  }

  function headerOf({ writer }: Connection): ProxyHeader {
    return writer.getExtraInfo('proxy')!;
  }

  for (const [option, version] of [
    ['send-proxy', 1],
    ['send-proxy-v2', 2],
  ] as const) {
    it(`tells the client by ${option}`, async () => {
      const server = await ours.listen({ proxyProtocol });
      const port = await start(server, `${host}:PORT`, option);
      const [client, served] = await pair(server, ours.connect({ host, port }));
      // What the client calls its own address, the server calls its peer's.
      expect(addressesOf(served)).toEqual(addressesOf(client).reverse() as never);
      expect(headerOf(served).version).toBe(version);
      await expectToCarry([client, served]);
    });

    it(`tells the client by ${option}, of IPv6`, async () => {
      const server = await ours.listen({ proxyProtocol });
      const port = await start(server, `[::1]:PORT`, option);
      const [client, served] = await pair(server, ours.connect({ host: '::1', port }));
      expect(addressesOf(served)).toEqual(addressesOf(client).reverse() as never);
      expect(addressesOf(served)[0]!.family).toBe('IPv6');
    });

    it(`tells the client by ${option}, before the TLS that goes through it`, async () => {
      const server = await ours.listen({ proxyProtocol, tls: certificates().server });
      const port = await start(server, `${host}:PORT`, option);
      const [client, served] = await pair(server, ours.connect({ host, port, ...tls() }));
      expect(addressesOf(served)).toEqual(addressesOf(client).reverse() as never);
      expect(served.writer.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
      await expectToCarry([client, served]);
    });

    it(`tells the client by ${option}, before the TLS that it begins itself`, async () => {
      const server = await ours.listen({ proxyProtocol, tls: certificates().server });
      const port = await start(server, `${host}:PORT`, `${option} ssl verify none`);
      const [client, served] = await pair(server, ours.connect({ host, port }));
      expect(addressesOf(served)).toEqual(addressesOf(client).reverse() as never);
      await expectToCarry([client, served]);
    });

    it(`tells the client by ${option}, on a Unix socket`, async () => {
      const path = join(programs.folder, 'ours.sock');
      chmodSync(programs.folder, 0o755);
      const server = await ours.listen({
        path,
        writableAll: true,
        readableAll: true,
        proxyProtocol: { trusted: ['unix'] },
      });
      const port = await start(path, `${host}:PORT`, option);
      const [client, served] = await pair(server, ours.connect({ host, port }));
      expect(addressesOf(served)).toEqual(addressesOf(client).reverse() as never);
    });

    it(`takes the header of our client by accept-proxy, and passes it on by ${option}`, async () => {
      const server = await ours.listen({ proxyProtocol });
      const port = await start(server, `${host}:PORT accept-proxy`, option);
      for (const header of [
        { version: 1 as const, ...ENDS },
        ENDS,
        ENDS6,
        { ...ENDS6, version: 1 as const },
      ]) {
        const [client, served] = await pair(server, ours.connect({ host, port, proxyProtocol: header }));
        expect(addressesOf(served)).toEqual([header.source, header.destination]);
        client.writer.abort();
      }
      for (const header of [{}, { version: 1 as const }]) {
        const [client, served] = await pair(server, ours.connect({ host, port, proxyProtocol: header }));
        expect(addressesOf(served)).toEqual(addressesOf(client).reverse() as never);
        client.writer.abort();
      }
      const local = await pair(server, ours.connect({ host, port, proxyProtocol: { command: 'LOCAL' } }));
      expect(addressesOf(local[1])).toEqual(addressesOf(local[0]).reverse() as never);
    });

    it(`asks by ${option} whether our server is there`, async () => {
      const server = await ours.listen({ proxyProtocol });
      // It waits for a word. A plain check is reset at once, most often before the server can ask who has connected.
      const asked = `${option} check check-send-proxy inter 50ms fall 1 rise 1`;
      await start(server, `${host}:PORT`, asked, 'option tcp-check\n        tcp-check expect string here');
      for (let checks = 0; checks < 2; checks++) {
        const check = await server.accepted();
        check.writer.write('here');
        const { command, version: found, source } = headerOf(check);
        expect([command, found]).toEqual([version === 2 ? 'LOCAL' : 'PROXY', version]);
        if (version === 2) expect(source).toBeUndefined();
        expect(check.writer.getExtraInfo('peername')!.address).toBe(host);
      }
    });
  }

  it('tells all that it knows of TLS by send-proxy-v2-ssl-cn, with a certificate of the client', async () => {
    const server = await ours.listen({ proxyProtocol });
    const port = await start(server, `${host}:PORT ${tlsBind()}`, 'send-proxy-v2-ssl-cn');
    const { cert, key } = certificates().client;
    const [client, served] = await pair(server, ours.connect({ host, port, ...tls({ cert, key }) }));
    expect(addressesOf(served)).toEqual(addressesOf(client).reverse() as never);
    const { ssl } = headerOf(served);
    expect(ssl).toEqual({
      clientSsl: true,
      clientCertConn: true,
      clientCertSess: true,
      verify: 0,
      version: 'TLSv1.3',
      cn: 'a client',
    });
    await expectToCarry([client, served]);
  });

  it('tells by send-proxy-v2-ssl that there is no certificate, and no TLS', async () => {
    const server = await ours.listen({ proxyProtocol });
    const secure = await start(server, `${host}:PORT ${tlsBind()}`, 'send-proxy-v2-ssl');
    const [, served] = await pair(server, ours.connect({ host, port: secure, ...tls() }));
    expect(headerOf(served).ssl).toEqual(
      jasmine.objectContaining({
        clientSsl: true,
        clientCertConn: false,
        clientCertSess: false,
        version: 'TLSv1.3',
      }),
    );
    const plain = await start(server, `${host}:PORT`, 'send-proxy-v2-ssl');
    const [, other] = await pair(server, ours.connect({ host, port: plain }));
    expect(headerOf(other).ssl?.clientSsl ?? false).toBeFalse();
  });

  it('tells everything else that it can', async () => {
    const server = await ours.listen({ proxyProtocol });
    const options = 'ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c,unique-id';
    const port = await start(
      server,
      `${host}:PORT ${tlsBind()}`,
      `send-proxy-v2 proxy-v2-options ${options}`,
    );
    const { cert, key } = certificates().client;
    const connecting = ours.connect({ host, port, ...tls({ cert, key, ALPNProtocols: ['test'] }) });
    const [client, served] = await pair(server, connecting);
    const { uniqueId, ...header } = headerOf(served);
    const { port: ownPort } = client.writer.getExtraInfo('sockname')!;
    expect(text(uniqueId!)).toBe(`${host}:${ownPort}`);
    expect(header).toEqual({
      version: 2,
      command: 'PROXY',
      transport: 'STREAM',
      source: at(host, ownPort),
      destination: at(host, port),
      alpn: 'test',
      authority: 'localhost',
      crc32c: true,
      ssl: {
        clientSsl: true,
        clientCertConn: true,
        clientCertSess: true,
        verify: 0,
        version: 'TLSv1.3',
        cn: 'a client',
        cipher: client.writer.getExtraInfo('cipher')!.standardName,
        sigAlg: 'RSA-SHA256',
        keyAlg: 'RSA2048',
      },
    });
    await expectToCarry([client, served]);
  });

  it('takes the checksum of our client', async () => {
    const server = await ours.listen({ proxyProtocol });
    const port = await start(server, `${host}:PORT accept-proxy`, 'send-proxy-v2');
    const [, served] = await pair(
      server,
      ours.connect({ host, port, proxyProtocol: { ...ENDS, crc32c: true, uniqueId: data.subarray(0, 128) } }),
    );
    expect(addressesOf(served)[0]).toEqual(ENDS.source);
  });

  it('takes the header of our client before TLS, with the name that it says', async () => {
    const server = await ours.listen({ proxyProtocol });
    const option = 'send-proxy-v2 proxy-v2-options authority,ssl';
    const port = await start(server, `${host}:PORT accept-proxy ${tlsBind()}`, option);
    const [, served] = await pair(server, ours.connect({ host, port, ...tls(), proxyProtocol: ENDS }));
    expect(addressesOf(served)).toEqual([ENDS.source, ENDS.destination]);
    expect(headerOf(served).authority).toBe('localhost');
  });

  it('is refused where it is not trusted, and where it sends no header', async () => {
    const stranger = await ours.listen({ proxyProtocol: { trusted: ['192.0.2.1'] } });
    const untrusted = patiently('the refusal', stranger.server.handshakeErrors$);
    const first = await ours.connect({ host, port: await start(stranger, `${host}:PORT`, 'send-proxy') });
    expect(await untrusted).toEqual(jasmine.objectContaining({ reason: 'untrusted' }));
    const read = patiently('the end', first.reader.read()).catch(() => new Uint8Array());
    expect((await read).length).toBe(0);

    const server = await ours.listen({ proxyProtocol });
    const missing = patiently('the refusal', server.server.handshakeErrors$);
    const second = await ours.connect({ host, port: await start(server, `${host}:PORT`, '') });
    second.writer.write('GET / HTTP/1.1\r\n\r\n');
    expect(await missing).toEqual(jasmine.objectContaining({ reason: 'missing' }));
  });

  it('closes a connection of ours whose header it takes for none', async () => {
    const server = await ours.listen({ proxyProtocol });
    const port = await start(server, `${host}:PORT accept-proxy`, 'send-proxy');
    const { reader, writer } = await ours.connect({ host, port });
    writer.write('GET / HTTP/1.1\r\n\r\n');
    const end = patiently('the end', reader.read()).catch(() => new Uint8Array());
    expect((await end).length).toBe(0);
  });
});
