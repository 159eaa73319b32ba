import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EMPTY, retry, type MonoTypeOperatorFunction } from 'rxjs';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { throughHttpProxy } from '../../src/observables/throughHttpProxy.js';
import { throughSocks5 } from '../../src/observables/throughSocks5.js';
import { useConnection } from '../../src/operators/useConnection.js';
import type { Connection } from '../../src/streams/Connection.js';
import { ConnectionLostError, ProxyError } from '../../src/streams/errors.js';
import { difference, seededBytes } from '../contracts/bytes.js';
import { certificates } from './certificates.js';
import { handOver } from './nobody.js';
import { patiently } from './patience.js';
import type { Program } from './Program.js';
import { useConnections, type OurServer } from './useConnections.js';
import { usePrograms, type Programs } from './usePrograms.js';

const host = '127.0.0.1';
const username = 'me';
// tinyproxy takes no other characters.
const password = 'A.secret-1';
const data = seededBytes(7, 2 ** 20);

interface Target {
  host: string;
  port: number;
  handshakeTimeout?: number;
  tls?: true | { ca: string; servername?: string };
}
type Through = (target: Target, login?: { username: string; password: string }) => Tunnel;
type Tunnel = MonoTypeOperatorFunction<Connection>;

interface Proxy {
  program: string;
  /** Where it runs from now on. */
  start(programs: Programs, login: boolean): Promise<number>;
  through: Through;
  /** How it refuses: the field of the error, and its value. */
  refused: Partial<ProxyError>;
  /** How it refuses those who do not log in, and those whose login is wrong. */
  noLogin: Partial<ProxyError>;
  wrongLogin: Partial<ProxyError>;
}

function tinyproxy(programs: Programs, login: boolean): (port: number) => Program {
  return (port) => {
    const path = join(programs.folder, 'tinyproxy.conf');
    const lines = [`Port ${port}`, `Listen ${host}`, 'LogLevel Info', 'MaxClients 20'];
    if (login) lines.push(`BasicAuth ${username} ${password}`);
    writeFileSync(path, lines.join('\n') + '\n');
    handOver(path);
    return programs.start('tinyproxy', ['-d', '-c', path]);
  };
}

const PROXIES: Record<string, Proxy> = {
  'a SOCKS5 proxy': {
    program: 'microsocks',
    async start(programs, login) {
      const args = login ? ['-u', username, '-P', password] : [];
      return listening(programs, (port) =>
        programs.start('microsocks', ['-i', host, '-p', String(port), ...args]),
      );
    },
    through: (target, login) => throughSocks5({ ...target, ...login }),
    refused: { reason: 'refused', reply: 5 },
    noLogin: { reason: 'authentication', status: undefined },
    wrongLogin: { reason: 'authentication', status: undefined },
  },
  'an HTTP proxy': {
    program: 'tinyproxy',
    async start(programs, login) {
      const begin = tinyproxy(programs, login);
      const { port } = await programs.startOnFreePort(begin, /Starting main loop/);
      return port;
    },
    through: (target, credentials) =>
      throughHttpProxy(credentials === undefined ? target : { ...target, credentials }),
    refused: { reason: 'refused', status: 500 },
    noLogin: { reason: 'authentication', status: 407 },
    wrongLogin: { reason: 'authentication', status: 401 },
  },
};

for (const [kind, proxy] of Object.entries(PROXIES)) {
  describe(`Our client and ${kind}, ${proxy.program}`, () => {
    const programs = usePrograms(proxy.program, 'openssl');
    const ours = useConnections();

    /** Sends all data to our server through the proxy, and gets them back. */
    async function echoed(port: number, server: OurServer, tunnel: Tunnel): Promise<void> {
      const all$ = fromConnection({ host, port }).pipe(
        tunnel,
        useConnection(({ reader, writer }) => {
          writer.write(data);
          return reader.readExactly(data.length);
        }),
      );
      const result = patiently('what was sent', all$);
      const [peer] = await Promise.all([server.accepted(), result]);
      expect(difference(await result, data)).toBe('none');
      await patiently('the end', peer.writer.waitClosed());
    }

    function serverOf(tls = false): Promise<OurServer> {
      return ours.listen(tls ? { tls: certificates().server } : {}).then((server) => {
        server.server.connections$.subscribe(({ reader, writer }) => {
          reader.pipeTo(writer).subscribe({ error: () => undefined });
        });
        return server;
      });
    }

    async function failure(port: number, tunnel: Tunnel): Promise<unknown> {
      const all$ = fromConnection({ host, port }).pipe(
        tunnel,
        useConnection(() => EMPTY),
      );
      return patiently('a refusal', all$).catch((error: unknown) => error);
    }

    for (const target of ['127.0.0.1', 'localhost']) {
      it(`carry 1 MiB to ${target} and back`, async () => {
        const port = await proxy.start(programs, false);
        const server = await serverOf();
        await echoed(port, server, proxy.through({ host: target, port: server.port }));
      });
    }

    it('agree on a username and a password', async () => {
      const port = await proxy.start(programs, true);
      const server = await serverOf();
      const target = { host, port: server.port };
      await echoed(port, server, proxy.through(target, { username, password }));
      const none = await failure(port, proxy.through(target));
      expect(none).toBeInstanceOf(ProxyError);
      expect(none).toEqual(jasmine.objectContaining(proxy.noLogin));
      const wrong = await failure(port, proxy.through(target, { username, password: 'another' }));
      expect(wrong).toBeInstanceOf(ProxyError);
      expect(wrong).toEqual(jasmine.objectContaining(proxy.wrongLogin));
      expect(String(wrong)).not.toContain('another');
    });

    it('have TLS inside, to the target and nobody else', async () => {
      const port = await proxy.start(programs, false);
      const { ca } = certificates();
      const server = await serverOf(true);
      const target = { host: 'localhost', port: server.port, tls: { ca } };
      await echoed(port, server, proxy.through(target));
      // Its certificate has the address, too.
      await echoed(port, server, proxy.through({ ...target, host }));
      const untrusted = await failure(port, proxy.through({ ...target, tls: true }));
      expect(untrusted).toBeInstanceOf(ConnectionLostError);
      expect(String(untrusted)).toContain('certificate');
      const another = await failure(port, proxy.through({ ...target, tls: { ca, servername: 'b.example' } }));
      expect(another).toBeInstanceOf(ConnectionLostError);
      expect(String(another)).toContain('b.example');
    });

    it('tell of a target that refuses', async () => {
      const port = await proxy.start(programs, false);
      const server = await ours.listen();
      const closed = server.port;
      server.server.close();
      const error = await failure(port, proxy.through({ host, port: closed }));
      expect(error).toBeInstanceOf(ProxyError);
      expect(error).toEqual(jasmine.objectContaining({ target: `${host}:${closed}`, ...proxy.refused }));
    });

    it('tell of a name that nobody has', async () => {
      const port = await proxy.start(programs, false);
      const error = await failure(port, proxy.through({ host: 'nobody.invalid', port: 80 }));
      expect(error).toBeInstanceOf(ProxyError);
      expect((error as ProxyError).reason).toBe('refused');
    });

    it('tell of a proxy of the other kind', async () => {
      const port = await proxy.start(programs, false);
      const other = Object.values(PROXIES).find((candidate) => candidate !== proxy)!;
      const error = await failure(port, other.through({ host, port: 80, handshakeTimeout: 300 }));
      expect(error).toBeInstanceOf(ProxyError);
    });
  });
}

describe('Our client and one proxy behind another', () => {
  const programs = usePrograms('microsocks', 'tinyproxy');
  const ours = useConnections();

  it('get through both', async () => {
    const [first, second] = Object.values(PROXIES) as [Proxy, Proxy];
    const ports = [await first.start(programs, true), await second.start(programs, false)] as const;
    const server = await ours.listen();
    server.server.connections$.subscribe(({ writer }) => {
      writer.write('hello\n');
      writer.close();
    });
    const line$ = fromConnection({ host, port: ports[0] }).pipe(
      first.through({ host, port: ports[1] }, { username, password }),
      second.through({ host, port: server.port }),
      useConnection(({ reader }) => reader.lines()),
    );
    expect(await patiently('a line', line$)).toBe('hello');
  });
});

async function listening(programs: Programs, begin: (port: number) => Program): Promise<number> {
  // It says nothing when it is ready.
  const { port } = await programs.startOnFreePort(begin, /^/);
  const probe$ = fromConnection({ host, port }).pipe(retry({ delay: 10 }));
  await patiently('the proxy to listen', probe$);
  return port;
}
