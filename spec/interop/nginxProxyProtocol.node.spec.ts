import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { take } from 'rxjs';
import type { ProxyHeader } from '../../src/decoders/proxyFormat.js';
import { text } from '../contracts/bytes.js';
import { at } from '../decoders/proxyHeaders.js';
import { certificateFiles, certificates } from './certificates.js';
import { httpResponse } from './http.js';
import { patiently } from './patience.js';
import { startNginx } from './startNginx.js';
import { useConnections } from './useConnections.js';
import { usePrograms } from './usePrograms.js';

const host = '127.0.0.1';
const READY = /start worker process /;
const STREAM_MODULE = join('/usr/lib/nginx/modules', 'ngx_stream_module.so');
const ENDS = { source: at('192.0.2.7', 51234), destination: at('198.51.100.1', 443) };
const ENDS6 = { source: at('2001:db8::7', 51234), destination: at('2001:db8::1', 443) };

describe('nginx and the PROXY protocol', () => {
  const programs = usePrograms('nginx', 'openssl');
  const ours = useConnections();

  for (const secure of [false, true]) {
    it(`reads the header of our client, ${secure ? 'before' : 'without'} TLS`, async () => {
      const { port } = await programs.startOnFreePort((port) => {
        const { cert, key } = certificateFiles(programs.folder);
        return startNginx(
          programs,
          `server {
             listen ${host}:${port} proxy_protocol ${secure ? 'ssl' : ''};
             ${secure ? `ssl_certificate ${cert}; ssl_certificate_key ${key};` : ''}
             location / { return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr"; }
           }`,
        );
      }, READY);
      const tls = secure && { ca: certificates().ca, servername: 'localhost' };
      // No longer one: before TLS nginx 1.22 takes 107 bytes at most.
      const headers: Partial<ProxyHeader>[] = [
        { version: 1, ...ENDS },
        { version: 1, ...ENDS6 },
        ENDS,
        ENDS6,
        { ...ENDS, authority: 'a.example', uniqueId: new Uint8Array(16), crc32c: true },
      ];
      for (const proxyProtocol of headers) {
        const { reader, writer } = await ours.connect({ host, port, tls, proxyProtocol });
        writer.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
        const response = await patiently('the response', reader.frames(httpResponse).pipe(take(1)));
        const { source, destination } = proxyProtocol;
        expect(text(response.body)).toBe(`${source!.address} ${source!.port} ${destination!.address}`);
      }
    });
  }

  for (const secure of [false, true]) {
    it(`tells our server of its client, ${secure ? 'before' : 'without'} TLS`, async () => {
      if (!existsSync(STREAM_MODULE)) pending('not installed: the stream module of nginx');
      const tls = secure && certificates().server;
      const server = await ours.listen({ tls, proxyProtocol: { trusted: [host] } });
      const { port } = await programs.startOnFreePort(
        (port) =>
          startNginx(
            programs,
            '',
            `load_module ${STREAM_MODULE};
             stream {
               server { listen ${host}:${port}; proxy_pass ${host}:${server.port}; proxy_protocol on; }
             }`,
          ),
        READY,
      );
      const clientTls = secure && { ca: certificates().ca, servername: 'localhost' };
      const [client, served] = await Promise.all([
        ours.connect({ host, port, tls: clientTls }),
        server.accepted(),
      ]);
      expect(served.writer.getExtraInfo('peername')).toEqual(client.writer.getExtraInfo('sockname'));
      expect(served.writer.getExtraInfo('sockname')).toEqual(client.writer.getExtraInfo('peername'));
      client.writer.write('hello\n');
      expect(text(await patiently('the line', served.reader.readLine()))).toBe('hello\n');
    });
  }
});
