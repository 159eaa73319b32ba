import type { Observable } from 'rxjs';
import { converse, type Connection, type Conversation } from '../../src/index.js';

export interface Mail {
  from: string;
  to: string;
  lines: readonly string[];
}

export interface SmtpOptions {
  /** How long the server may take for a reply, in milliseconds. */
  replyTimeout?: number;
}

/** Sends a mail. Emits the last line of each reply; errors with a reply that is not the one it needs. */
export function smtpSend(
  connection: Connection,
  mail: Mail,
  { replyTimeout = 30_000 }: SmtpOptions = {},
): Observable<string> {
  return converse(function* (io: Conversation<string>) {
    // `250-SIZE` announces another line, `250 HELP` is the last one.
    function* reply(code: number): Generator<undefined, void> {
      let line = yield* io.line();
      while (/^\d{3}-/.test(line)) line = yield* io.line();
      if (!line.startsWith(String(code))) throw new Error(`not ${code}, but: ${line}`);
      io.emit(line);
    }

    function* command(line: string, code: number): Generator<undefined, void> {
      yield* io.send(`${line}\r\n`);
      yield* io.within(replyTimeout, reply(code));
    }

    yield* io.within(replyTimeout, reply(220));
    yield* command('EHLO me', 250);
    yield* command(`MAIL FROM:<${mail.from}>`, 250);
    yield* command(`RCPT TO:<${mail.to}>`, 250);
    yield* command('DATA', 354);
    // A line that starts with a dot gets another one; `send` waits whenever the server is slow to take them.
    for (const line of mail.lines) yield* io.send(`${line.replace(/^\./, '..')}\r\n`);
    yield* command('.', 250);
    yield* command('QUIT', 221);
  })(connection);
}
