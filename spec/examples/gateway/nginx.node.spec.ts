import { readFileSync } from 'node:fs';
import { text } from '../../contracts/bytes.js';
import { patiently } from '../../interop/patience.js';
import type { Program } from '../../interop/Program.js';
import { startNginx } from '../../interop/startNginx.js';
import { usePrograms } from '../../interop/usePrograms.js';
import { gatewayPeers } from './gatewayPeers.js';

describe('examples: the gateway and nginx', () => {
  const programs = usePrograms('nginx');
  const peers = gatewayPeers();

  /** nginx twice: in front of a gateway, as the docs have it, and as a target that expects the line of the PROXY protocol. */
  function begin(port: number, gatewayPort: string): Program {
    const { folder } = programs;
    const [, location] = /```nginx\n([^]*?)```/.exec(readFileSync('docs/guide/gateway.md', 'utf8'))!;
    return startNginx(
      programs,
      `server {
          listen 127.0.0.1:${port};
          ${location!.replace('127.0.0.1:8080', `127.0.0.1:${gatewayPort}`)}
        }
        server {
          listen unix:${folder}/target.sock proxy_protocol;
          location / { return 200 "from $proxy_protocol_addr:$proxy_protocol_port"; }
        }`,
    );
  }

  it('understand each other, and the target learns who its peer is', async () => {
    const gateway = await peers.start([`it=${programs.folder}/target.sock`], {
      proxyProtocol: new Set(['it']),
      trustedProxies: new Set(['127.0.0.1']),
    });
    const direct = gateway.url('?target=it');
    const { port } = await programs.startOnFreePort(
      (port) => begin(port, new URL(direct).port),
      /start worker process /,
    );

    const ask = async (url: string): Promise<string> => {
      const client = await peers.open(url, { headers: { 'X-Forwarded-For': '192.0.2.7' } });
      client.socket.send('GET / HTTP/1.0\r\n\r\n');
      await patiently('the answer', client.closed());
      return text(client.received);
    };
    // Whatever the client says: the last that is named counts, and that was named by nginx. It has no port for 0.
    expect(await ask(`ws://127.0.0.1:${port}/gateway?target=it`)).toMatch(/from 127\.0\.0\.1:$/);
    expect(await ask(direct)).toMatch(/from 192\.0\.2\.7:$/);
  });
});
