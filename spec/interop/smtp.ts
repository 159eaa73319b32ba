import { firstValueFrom } from 'rxjs';
import { decoder } from '../../src/decoders/decoder.js';
import type { Connection } from '../../src/streams/Connection.js';
import { text } from '../contracts/bytes.js';
import type { Identity } from './certificates.js';
import { patiently } from './patience.js';

export interface Reply {
  code: number;
  /** Without the code. */
  lines: string[];
}

/** The reply of a server: `250-SIZE` announces another line, `250 HELP` is the last one. */
export const smtpReply = decoder(function* (bytes): Generator<undefined, Reply> {
  const lines: string[] = [];
  for (;;) {
    const line = text(yield* bytes.until('\r\n')).trimEnd();
    lines.push(line.slice(4));
    if (line[3] !== '-') return { code: Number(line.slice(0, 3)), lines };
  }
});

/** Sends a command, and waits for the reply. */
export function command({ reader, writer }: Connection, line: string): Promise<Reply> {
  writer.write(`${line}\r\n`);
  return patiently(`the reply to ${line}`, reader.readFrame(smtpReply));
}

export interface ReceivedMail {
  from: string;
  to: string[];
  content: string;
  /** Undefined for a mail that came in plain. */
  tlsVersion: string | undefined;
}

/** A mail server as small as can be, with STARTTLS: serves one client until that quits. */
export async function serveSmtp(connection: Connection, tls: Identity): Promise<ReceivedMail> {
  const { reader, writer } = connection;
  const mail: ReceivedMail = { from: '', to: [], content: '', tlsVersion: undefined };
  writer.write('220 localhost ESMTP\r\n');
  for (;;) {
    const line = text(await firstValueFrom(reader.readUntil('\r\n'))).trimEnd();
    const address = /<(.*)>/.exec(line)?.[1] ?? '';
    const verb = /^\w*/.exec(line)![0].toUpperCase();
    if (verb === 'EHLO') {
      const last = writer.getExtraInfo('tlsVersion') === undefined ? 'STARTTLS' : 'HELP';
      writer.write(`250-localhost\r\n250-8BITMIME\r\n250 ${last}\r\n`);
    } else if (verb === 'STARTTLS') {
      writer.write('220 go ahead\r\n');
      await firstValueFrom(writer.startTls({ isServer: true, ...tls }));
    } else if (verb === 'MAIL') {
      mail.from = address;
      mail.tlsVersion = writer.getExtraInfo('tlsVersion');
      writer.write('250 from\r\n');
    } else if (verb === 'RCPT') {
      mail.to.push(address);
      writer.write('250 to\r\n');
    } else if (verb === 'DATA') {
      writer.write('354 until a dot\r\n');
      const content = text(await firstValueFrom(reader.readUntil('\r\n.\r\n')));
      mail.content = content.slice(0, -3).replace(/^\.\./gm, '.');
      writer.write('250 queued\r\n');
    } else if (verb === 'QUIT') {
      writer.write('221 bye\r\n');
      writer.close();
      return mail;
    } else {
      writer.write('502 unknown\r\n');
    }
  }
}
