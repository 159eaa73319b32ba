import type { Observable } from 'rxjs';
import { decoder } from '../../src/decoders/decoder.js';
import { converse } from '../../src/observables/converse.js';
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

/** A mail server as small as can be, with STARTTLS: serves one client until that quits, and emits its mail. */
export function serveSmtp(tls: Identity): (connection: Connection) => Observable<ReceivedMail> {
  return converse(function* (io) {
    const mail: ReceivedMail = { from: '', to: [], content: '', tlsVersion: undefined };
    const { writer } = io.connection;
    yield* io.send('220 localhost ESMTP\r\n');
    for (;;) {
      const line = yield* io.line({ limit: 512 });
      const address = /<(.*)>/.exec(line)?.[1] ?? '';
      const verb = /^\w*/.exec(line)![0].toUpperCase();
      if (verb === 'EHLO') {
        const last = writer.getExtraInfo('tlsVersion') === undefined ? 'STARTTLS' : 'HELP';
        yield* io.send(`250-localhost\r\n250-8BITMIME\r\n250 ${last}\r\n`);
      } else if (verb === 'STARTTLS') {
        yield* io.send('220 go ahead\r\n');
        yield* io.startTls({ isServer: true, ...tls });
      } else if (verb === 'MAIL') {
        mail.from = address;
        mail.tlsVersion = writer.getExtraInfo('tlsVersion');
        yield* io.send('250 from\r\n');
      } else if (verb === 'RCPT') {
        mail.to.push(address);
        yield* io.send('250 to\r\n');
      } else if (verb === 'DATA') {
        yield* io.send('354 until a dot\r\n');
        const content = text(yield* io.until('\r\n.\r\n'));
        mail.content = content.slice(0, -3).replace(/^\.\./gm, '.');
        yield* io.send('250 queued\r\n');
      } else if (verb === 'QUIT') {
        yield* io.send('221 bye\r\n');
        writer.close();
        return mail;
      } else {
        yield* io.send('502 unknown\r\n');
      }
    }
  });
}
