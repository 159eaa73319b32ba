import { asyncScheduler, concat, concatMap, from, last, map, repeat, takeWhile, timeout } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import type { Connection } from '../../src/index.js';

export interface Mail {
  from: string;
  to: string;
  lines: readonly string[];
}

export interface SmtpOptions {
  /** How long the server may take for a reply, in milliseconds. */
  replyTimeout?: number;
  scheduler?: SchedulerLike;
}

/** Sends a mail. Emits the last line of each reply; errors with a reply that is not the one it needs. */
export function smtpSend(
  { reader, writer }: Connection,
  mail: Mail,
  { replyTimeout = 30_000, scheduler = asyncScheduler }: SmtpOptions = {},
): Observable<string> {
  const decoder = new TextDecoder();

  // `250-SIZE` announces another line, `250 HELP` is the last one.
  function reply(code: number): Observable<string> {
    return reader.readUntil('\n').pipe(
      map((line) => decoder.decode(line).trimEnd()),
      repeat(),
      takeWhile((line) => /^\d{3}-/.test(line), true),
      last(),
      timeout({ first: replyTimeout, scheduler }),
      map((line) => {
        if (!line.startsWith(String(code))) throw new Error(`not ${code}, but: ${line}`);
        return line;
      }),
    );
  }

  function command(line: string, code: number): Observable<string> {
    return concat(writer.send(`${line}\r\n`), reply(code));
  }

  // A line that starts with a dot gets another one; `send` waits whenever the server is slow to take them.
  const body$ = from(mail.lines).pipe(concatMap((line) => writer.send(`${line.replace(/^\./, '..')}\r\n`)));

  return concat(
    reply(220),
    command('EHLO me', 250),
    command(`MAIL FROM:<${mail.from}>`, 250),
    command(`RCPT TO:<${mail.to}>`, 250),
    command('DATA', 354),
    body$,
    command('.', 250),
    command('QUIT', 221),
  );
}
