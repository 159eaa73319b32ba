import { firstValueFrom } from 'rxjs';
import type { Connection } from '../../src/streams/Connection.js';
import { ConnectionLostError } from '../../src/streams/errors.js';
import { failureOf } from '../contracts/eventually.js';
import { certificateFiles, certificates } from './certificates.js';
import { patiently } from './patience.js';
import type { Program } from './Program.js';
import { command, serveSmtp, smtpReply } from './smtp.js';
import { close, useConnections } from './useConnections.js';
import { usePrograms } from './usePrograms.js';

const host = '127.0.0.1';
// What it prints goes to a pipe here, and would wait in its buffer.
const env = { PYTHONUNBUFFERED: '1' };

describe('Our client and aiosmtpd', () => {
  const programs = usePrograms('aiosmtpd', 'openssl');
  const ours = useConnections();

  async function connect(): Promise<{ server: Program; connection: Connection }> {
    const { cert, key } = certificateFiles(programs.folder);
    const encryption = ['--tlscert', cert, '--tlskey', key];
    const begin = (port: number): Program =>
      programs.start('aiosmtpd', ['-n', '-d', '-l', `${host}:${port}`, ...encryption], { env });
    const { program, port } = await programs.startOnFreePort(begin, /Server is listening/);
    const connection = await ours.connect({ host, port });
    const greeting = await patiently('the greeting', connection.reader.readFrame(smtpReply));
    expect(greeting.code).toBe(220);
    return { server: program, connection };
  }

  it('encrypt in the middle of the conversation, and deliver a mail', async () => {
    const { server, connection } = await connect();
    const { reader, writer } = connection;
    const plain = await command(connection, 'EHLO me.example');
    expect(plain.code).toBe(250);
    expect(plain.lines).toContain('STARTTLS');
    expect((await command(connection, 'MAIL FROM:<me@me.example>')).code).toBe(530);

    expect((await command(connection, 'STARTTLS')).code).toBe(220);
    const tls = { ca: certificates().ca, servername: 'localhost' };
    await patiently('the handshake', writer.startTls(tls));
    expect(writer.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
    expect(writer.getExtraInfo('peercert')!.subject.CN).toBe('localhost');

    const encrypted = await command(connection, 'EHLO me.example');
    expect(encrypted.code).toBe(250);
    expect(encrypted.lines).not.toContain('STARTTLS');
    expect((await command(connection, 'MAIL FROM:<me@me.example>')).code).toBe(250);
    expect((await command(connection, 'RCPT TO:<you@localhost>')).code).toBe(250);
    expect((await command(connection, 'DATA')).code).toBe(354);
    writer.write('Subject: interop\r\n\r\n..hidden dot\r\n');
    expect((await command(connection, '.')).code).toBe(250);
    await server.says(/^Subject: interop\n[^]*\n\.hidden dot$/m);

    expect((await command(connection, 'QUIT')).code).toBe(221);
    expect(await patiently('the end', reader.read())).toEqual(new Uint8Array(0));
    await close(connection);
  });

  it('do not go on when its certificate is that of another', async () => {
    const { connection } = await connect();
    const { writer } = connection;
    await command(connection, 'EHLO me.example');
    expect((await command(connection, 'STARTTLS')).code).toBe(220);
    const tls = { ca: certificates().ca, servername: 'example.org' };
    const failure = await failureOf('the handshake', writer.startTls(tls));
    expect(failure).toBeInstanceOf(ConnectionLostError);
    expect((failure as Error).cause).toEqual(
      jasmine.objectContaining({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }),
    );
    expect(await failureOf('the loss', writer.waitClosed())).toBeInstanceOf(ConnectionLostError);
  });
});

const SMTPLIB = `
import smtplib, ssl, sys
port, ca = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port), local_hostname="me.example") as client:
    client._host = "localhost"
    client.starttls(context=ssl.create_default_context(cafile=ca))
    client.sendmail("me@me.example", ["you@localhost", "her@localhost"], "Subject: interop\\n\\n.hidden dot\\n")
print("sent")
`;

describe("Python's smtplib and our server", () => {
  const programs = usePrograms('python3', 'openssl');
  const ours = useConnections();

  it('encrypt in the middle of the conversation, and deliver a mail', async () => {
    const { port, accepted } = await ours.listen();
    const { ca } = certificateFiles(programs.folder);
    // As root: a Python of one's own may lie where nobody has access.
    const client = programs.start('python3', ['-c', SMTPLIB, String(port), ca], { env, asRoot: true });
    const mail = firstValueFrom(serveSmtp(certificates().server)(await accepted()));
    await client.says(/sent/);
    expect(await mail).toEqual({
      from: 'me@me.example',
      to: ['you@localhost', 'her@localhost'],
      content: 'Subject: interop\r\n\r\n.hidden dot\r\n',
      tlsVersion: 'TLSv1.3',
    });
    expect(await client.exitCode()).toBe(0);
  });
});
