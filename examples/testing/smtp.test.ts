import { useConnection, type Connection } from 'rxjs-net';
import { marbleConnection } from 'rxjs-net/testing';
import { catchError, of, throwError, type Observable } from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { smtpSend, type Mail, type SmtpOptions } from './smtp-client.js';

function inVirtualTime(test: (helpers: RunHelpers) => void): () => void {
  return () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);
  };
}

const mail: Mail = { from: 'a@x.org', to: 'b@y.org', lines: ['Subject: hi', '', '.dot'] };

const values = {
  g: '220 y.org ready\r\n',
  e: '250-y.org\r\n250-SIZE 1000\r\n250 HELP\r\n',
  o: '250 ok\r\n',
  d: '354 go on\r\n',
  q: '221 bye\r\n',
};

const replies = { g: '220 y.org ready', e: '250 HELP', o: '250 ok', d: '354 go on', q: '221 bye' };

const written = {
  E: 'EHLO me\r\n',
  M: 'MAIL FROM:<a@x.org>\r\n',
  R: 'RCPT TO:<b@y.org>\r\n',
  D: 'DATA\r\n',
  1: 'Subject: hi\r\n',
  2: '\r\n',
  3: '..dot\r\n',
  4: '.\r\n',
  Q: 'QUIT\r\n',
};

function send(connection: Connection, sent = mail, options?: SmtpOptions): Observable<string> {
  return of(connection).pipe(
    useConnection((taken) => smtpSend(taken, sent, options)),
    catchError((error: unknown) => throwError(() => (error as Error).name)),
  );
}

describe('a mail over SMTP', () => {
  it(
    'is sent, and the connection is closed',
    inVirtualTime((helpers) => {
      const connection = marbleConnection(helpers, { incoming: '--g--e--o--o--d------o--q', values });
      helpers.expectObservable(send(connection)).toBe('         --g--e--o--o--d------o--(q|)', replies);
      helpers.expectObservable(connection.outgoing$).toBe('     --E--M--R--D--(1234)-Q--|', written);
      helpers.expectObservable(connection.events$).toBe('       ------------------------c', { c: 'close' });
    }),
  );

  it(
    'does not mind how the replies are cut into chunks',
    inVirtualTime((helpers) => {
      const connection = marbleConnection(helpers, {
        incoming: '                               --g--a--b--c--o--o--d------o--q',
        values: { ...values, a: '250-y.org\r', b: '\n25', c: '0 HELP\r\n' },
      });
      helpers.expectObservable(send(connection)).toBe(' --g--------e--o--o--d------o--(q|)', replies);
      helpers.expectObservable(connection.outgoing$).toBe('--E--------M--R--D--(1234)-Q--|', written);
    }),
  );

  it(
    'gives up on a slow server, and closes the connection',
    inVirtualTime((helpers) => {
      const connection = marbleConnection(helpers, {
        incoming: '--g--a 9998ms e',
        values: { ...values, a: '250-' },
      });
      const sent$ = send(connection, mail, { replyTimeout: 5000 });
      helpers.expectObservable(sent$).toBe('                    --g 4999ms #', replies, 'StepTimeoutError');
      helpers.expectObservable(connection.outgoing$).toBe('     --E 4999ms |', written);
    }),
  );

  it(
    'fails when the connection is reset in the middle of a reply',
    inVirtualTime((helpers) => {
      const connection = marbleConnection(helpers, {
        incoming: '--g--a--#',
        values: { ...values, a: '250-y.' },
      });
      helpers.expectObservable(send(connection)).toBe('         --g-----#', replies, 'ConnectionLostError');
    }),
  );

  it(
    'fails when the server ends in the middle of a reply',
    inVirtualTime((helpers) => {
      const connection = marbleConnection(helpers, {
        incoming: '--g--a--|',
        values: { ...values, a: '250-y.' },
      });
      helpers.expectObservable(send(connection)).toBe('         --g-----#', replies, 'IncompleteReadError');
      helpers.expectObservable(connection.events$).toBe('       --------c', { c: 'close' });
    }),
  );

  it(
    'is sent no faster than the server takes it',
    inVirtualTime((helpers) => {
      const connection = marbleConnection(helpers, {
        incoming: '                                       g-e-o-o-d-------------o-q',
        drain: '                                          ------------x----x-------x',
        values,
        highWaterMark: 100,
      });
      const line = 'x'.repeat(48);
      const long = { ...mail, lines: [line, line, line, line, line] };
      helpers.expectObservable(send(connection, long)).toBe('    g-e-o-o-d-------------o-(q|)', replies);
      helpers.expectObservable(connection.outgoing$).toBe('     E-M-R-D-L---(LLL)(L4)-Q-|', {
        ...written,
        L: `${line}\r\n`,
      });
      helpers.expectObservable(connection.writer.paused$).toBe('f-------t---(ft)-f-------|', {
        t: true,
        f: false,
      });
    }),
  );
});
