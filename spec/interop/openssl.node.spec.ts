import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { concatMap, endWith, firstValueFrom, lastValueFrom, repeat, takeWhile } from 'rxjs';
import type { Connection } from '../../src/streams/Connection.js';
import { ConnectionLostError } from '../../src/streams/errors.js';
import { difference, seededBytes, text } from '../contracts/bytes.js';
import { failureOf } from '../contracts/eventually.js';
import { certificateFiles, certificates } from './certificates.js';
import { handOver } from './nobody.js';
import { patiently } from './patience.js';
import type { Program } from './Program.js';
import { serveSmtp } from './smtp.js';
import { close, useConnections } from './useConnections.js';
import { usePrograms } from './usePrograms.js';

const host = '127.0.0.1';
const MEBIBYTE = 2 ** 20;
const versions = ['TLSv1.2', 'TLSv1.3'] as const;
const flag = { 'TLSv1.2': '-tls1_2', 'TLSv1.3': '-tls1_3' };

function echoLines({ reader, writer }: Connection): Promise<unknown> {
  const lines = reader.readLine().pipe(
    concatMap((line) => writer.send(text(line).toUpperCase()).pipe(endWith(line.length))),
    repeat(),
    takeWhile((length) => length > 0),
  );
  return lastValueFrom(lines, { defaultValue: undefined });
}

describe('openssl s_client and our server', () => {
  const programs = usePrograms('openssl');
  const ours = useConnections();

  function connect(port: number, ...args: readonly string[]): Program {
    const { ca } = certificateFiles(programs.folder);
    const verify = [
      '-CAfile',
      ca,
      '-verify_return_error',
      '-servername',
      'localhost',
      '-verify_hostname',
      'localhost',
    ];
    return programs.start('openssl', ['s_client', '-connect', `${host}:${port}`, ...verify, ...args]);
  }

  for (const version of versions) {
    it(`talk ${version}, and each ends with a close_notify`, async () => {
      const { port, accepted } = await ours.listen({ tls: certificates().server });
      const client = connect(port, flag[version], '-msg', '-nocommands');
      const connection = await accepted();
      const echo = echoLines(connection);
      client.write('one\n');
      await client.says(/^ONE$/m);
      client.write('two\n');
      await client.says(/^TWO$/m);
      expect(client.said).toContain('Verification: OK');
      expect(connection.writer.getExtraInfo('tlsVersion')).toBe(version);
      expect(connection.writer.getExtraInfo('servername')).toBe('localhost');
      expect(client.said).toContain(connection.writer.getExtraInfo('cipher')!.name);

      client.end();
      await patiently('the end of its lines', echo);
      await client.says(/>>> TLS 1\.\d, Alert .*warning close_notify/);
      expect(connection.reader.atEof()).toBeTrue();
      await close(connection);
      expect(await client.exitCode()).toBe(0);
    });

    it(`are told by ours when it closes, in ${version}`, async () => {
      const { port, accepted } = await ours.listen({ tls: certificates().server });
      const client = connect(port, flag[version], '-msg');
      const connection = await accepted();
      client.write('and now?\n');
      await patiently('its line', connection.reader.readLine());
      connection.writer.write('good bye\n');
      await close(connection);
      await client.says(/<<< TLS 1\.\d, Alert .*warning close_notify/);
      expect(client.said).toContain('good bye\n');
      expect(await client.exitCode()).toBe(0);
    });
  }

  it('are told by ours when it closes before anything has come', async () => {
    const { port, server } = await ours.listen({ tls: certificates().server });
    server.connections$.subscribe(({ writer }) => {
      writer.write('good bye\n');
      writer.close();
    });
    const client = connect(port, '-msg');
    await client.says(/<<< TLS 1\.3, Alert .*warning close_notify/);
    expect(client.said).toContain('good bye\n');
  });

  it('carry 8 MiB to it', async () => {
    const data = seededBytes(1, 8 * MEBIBYTE);
    const { port, accepted } = await ours.listen({ tls: certificates().server });
    const client = connect(port, '-quiet');
    const connection = await accepted();
    connection.writer.write(data);
    await close(connection);
    await client.exitCode();
    expect(difference(client.output, data)).toBe('none');
  });

  it('carry 8 MiB from it', async () => {
    const data = seededBytes(2, 8 * MEBIBYTE);
    const { port, accepted } = await ours.listen({ tls: certificates().server });
    const client = connect(port, '-nocommands');
    const connection = await accepted();
    client.end(data);
    const received = await patiently('the end of what it sends', connection.reader.read());
    expect(difference(received, data)).toBe('none');
    await close(connection);
  });

  it('agree on a protocol by ALPN', async () => {
    const { port, accepted } = await ours.listen({
      tls: { ...certificates().server, ALPNProtocols: ['http/1.1', 'echo'] },
    });
    const client = connect(port, '-alpn', 'unknown,echo');
    const { writer } = await accepted();
    await client.says(/ALPN protocol: echo/);
    expect(writer.getExtraInfo('alpnProtocol')).toBe('echo');
  });

  it('do not, and fail the handshake, where they have none in common', async () => {
    const { port, server } = await ours.listen({
      tls: { ...certificates().server, ALPNProtocols: ['echo'] },
    });
    const failure = patiently('the failure', server.handshakeErrors$);
    const client = connect(port, '-alpn', 'other');
    await client.says(/no application protocol/);
    expect((await failure).message).toMatch(/no (suitable )?application protocol/i);
    expect(await client.exitCode()).not.toBe(0);
  });

  it('choose the certificate by SNI', async () => {
    const names: string[] = [];
    const { server, client: other } = certificates();
    const { port, accepted } = await ours.listen({
      tls: {
        ...other,
        SNICallback: (name, choose) => {
          names.push(name);
          choose(null, createSecureContext(server));
        },
      },
    });
    const client = connect(port);
    await accepted();
    await client.says(/Verification: OK/);
    expect(names).toEqual(['localhost']);
  });

  it('know it by its certificate', async () => {
    const { ca, server } = certificates();
    const { port, accepted } = await ours.listen({ tls: { ...server, ca, requestCert: true } });
    const { clientCert, clientKey } = certificateFiles(programs.folder);
    const client = connect(port, '-cert', clientCert, '-key', clientKey);
    const connection = await accepted();
    expect(connection.writer.getExtraInfo('peercert')!.subject.CN).toBe('a client');
    connection.writer.write('hello you\n');
    await client.says(/hello you/);
  });

  for (const version of versions) {
    it(`turn it away without a certificate, and serve the next one, in ${version}`, async () => {
      const { ca, server } = certificates();
      const listening = await ours.listen({ tls: { ...server, ca, requestCert: true } });
      const failure = patiently('the failure', listening.server.handshakeErrors$);
      const stranger = connect(listening.port, flag[version]);
      expect(await failure).toBeInstanceOf(Error);
      await stranger.exitCode();

      const { clientCert, clientKey } = certificateFiles(programs.folder);
      connect(listening.port, flag[version], '-cert', clientCert, '-key', clientKey);
      const { writer } = await listening.accepted();
      expect(writer.getExtraInfo('peercert')!.subject.CN).toBe('a client');
    });
  }
});

describe('openssl s_client -starttls smtp and our server', () => {
  const programs = usePrograms('openssl');
  const ours = useConnections();

  it('encrypt in the middle of the conversation', async () => {
    const { port, accepted } = await ours.listen();
    const { ca } = certificateFiles(programs.folder);
    const verify = ['-CAfile', ca, '-verify_return_error', '-verify_hostname', 'localhost'];
    const connect = ['s_client', '-connect', `${host}:${port}`, '-starttls', 'smtp', '-crlf'];
    const client = programs.start('openssl', [...connect, ...verify]);
    const connection = await accepted();
    const mail = firstValueFrom(serveSmtp(certificates().server)(connection));
    await client.says(/^250 STARTTLS/m);
    await client.says(/^Verification: OK/m);
    client.write('EHLO me\n');
    await client.says(/^250 HELP/m);
    client.write('MAIL FROM:<me@localhost>\n');
    await client.says(/^250 from/m);
    // An R at the start would ask s_client for a new handshake.
    client.write('rcpt to:<you@localhost>\n');
    await client.says(/^250 to/m);
    client.write('data\n');
    await client.says(/^354/m);
    client.write('one\n..two\n.\n');
    await client.says(/^250 queued/m);
    client.write('quit\n');
    expect(await patiently('the mail', mail)).toEqual({
      from: 'me@localhost',
      to: ['you@localhost'],
      content: 'one\r\n.two\r\n',
      tlsVersion: 'TLSv1.3',
    });
    await client.says(/^221/m);
    expect(await client.exitCode()).toBe(0);
  });
});

describe('Our client and openssl s_server', () => {
  const programs = usePrograms('openssl');
  const ours = useConnections();

  async function serve(...args: readonly string[]): Promise<{ server: Program; port: number }> {
    const { cert, key } = certificateFiles(programs.folder);
    const listen = ['s_server', '-accept', `${host}:0`, '-cert', cert, '-key', key];
    const server = programs.start('openssl', [...listen, ...args], { cwd: programs.folder });
    const [, port] = await server.says(/ACCEPT 127\.0\.0\.1:(\d+)/);
    return { server, port: Number(port) };
  }

  for (const version of versions) {
    it(`talk ${version}, and each ends with a close_notify`, async () => {
      const { server, port } = await serve(flag[version], '-rev', '-msg');
      const connection = await ours.connect({ host, port, tls: { ca: certificates().ca } });
      const { reader, writer } = connection;
      expect(writer.getExtraInfo('tlsVersion')).toBe(version);
      expect(writer.getExtraInfo('peercert')!.subject.CN).toBe('localhost');
      for (const [said, answer] of [
        ['hello', 'olleh'],
        ['rxjs', 'sjxr'],
      ]) {
        writer.write(`${said!}\n`);
        expect(text(await patiently('the answer', reader.readLine()))).toBe(`${answer!}\n`);
      }
      await close(connection);
      await server.says(/<<< TLS 1\.\d, Alert .*warning close_notify/);
    });
  }

  it('read its page to the end', async () => {
    const { port } = await serve('-www');
    const { reader, writer } = await ours.connect({ host, port, tls: { ca: certificates().ca } });
    writer.write('GET / HTTP/1.0\r\n\r\n');
    const head = reader.lines().pipe(takeWhile((line) => line !== '', true));
    expect(await patiently('the status', head)).toBe('HTTP/1.0 200 ok');
    const rest = text(await patiently('the page', reader.read()));
    expect(rest).toContain('New, TLSv1.3');
    expect(rest).toContain('</pre></BODY></HTML>');
    expect(reader.atEof()).toBeTrue();
  });

  it('carry a file of 8 MiB', async () => {
    const data = seededBytes(3, 8 * MEBIBYTE);
    const path = join(programs.folder, 'large');
    writeFileSync(path, data);
    handOver(path);
    const { port } = await serve('-WWW', '-http_server_binmode');
    const { reader, writer } = await ours.connect({ host, port, tls: { ca: certificates().ca } });
    writer.write('GET /large HTTP/1.0\r\n\r\n');
    const head = await patiently('the head', reader.readUntil('\r\n\r\n'));
    expect(text(head)).toMatch(/^HTTP\/1\.0 200 ok/);
    expect(difference(await patiently('the file', reader.read()), data)).toBe('none');
  });

  it('agree on a protocol by ALPN', async () => {
    const { server, port } = await serve('-alpn', 'echo');
    const tls = { ca: certificates().ca, ALPNProtocols: ['other', 'echo'] };
    const { writer } = await ours.connect({ host, port, tls });
    expect(writer.getExtraInfo('alpnProtocol')).toBe('echo');
    await server.says(/ALPN protocols selected: echo/);
  });

  it('choose the certificate by SNI', async () => {
    const { clientCert, clientKey } = certificateFiles(programs.folder);
    const { server, port } = await serve('-servername', 'other', '-cert2', clientCert, '-key2', clientKey);
    const tls = { ca: certificates().ca, servername: 'other', checkServerIdentity: () => undefined };
    const { writer } = await ours.connect({ host, port, tls });
    await server.says(/Hostname in TLS extension: "other"/);
    expect(writer.getExtraInfo('peercert')!.subject.CN).toBe('a client');
  });

  it('know ours by its certificate', async () => {
    const { ca, client } = certificates();
    const files = certificateFiles(programs.folder);
    const { server, port } = await serve('-Verify', '1', '-verify_return_error', '-CAfile', files.ca);
    const { writer } = await ours.connect({ host, port, tls: { ca, ...client } });
    writer.write('hello\n');
    await server.says(/^hello$/m);
    expect(server.said).toMatch(/CN = a client/);
  });

  it('lose the connection where it asks for a certificate that is not there', async () => {
    const files = certificateFiles(programs.folder);
    const { port } = await serve('-Verify', '1', '-verify_return_error', '-CAfile', files.ca);
    const { reader } = await ours.connect({ host, port, tls: { ca: certificates().ca } });
    // In TLS 1.3 the client's handshake is over before the server has looked for it.
    const loss = await failureOf('the read', reader.readLine());
    expect(loss).toBeInstanceOf(ConnectionLostError);
    expect((loss as Error).cause).toEqual(
      jasmine.objectContaining({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }),
    );
  });

  it('do not talk when its certificate is signed by nobody we know', async () => {
    const { port } = await serve();
    const failure = await failureOf('the connection', ours.connect({ host, port, tls: true }));
    expect(failure).toEqual(jasmine.objectContaining({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }));
  });

  it('do not talk when its certificate is that of another', async () => {
    const { port } = await serve();
    const tls = { ca: certificates().ca, servername: 'example.org' };
    const failure = await failureOf('the connection', ours.connect({ host, port, tls }));
    expect(failure).toEqual(jasmine.objectContaining({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }));
  });
});
