import { catchError, of, throwError, type Observable } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { useConnection, type Connection } from '../../src/index.js';
import { marbleConnection } from '../../src/testing.js';
import { smtpSend, type Mail, type SmtpOptions } from './smtpClient.js';

// The tutorial's tests (docs/guide/testing.md); examples/testing holds them for vitest and node:test.

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
    catchError((error: Error) => throwError(() => error.name)),
  );
}

describe('a mail over SMTP', () => {
  it(
    'is sent, and the connection is closed',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: '--g--e--o--o--d------o--q', values });
      m.expect(send(connection)).toBeObservable('         --g--e--o--o--d------o--(q|)', replies);
      m.expect(connection.outgoing$).toBeObservable('     --E--M--R--D--(1234)-Q--|', written);
      m.expect(connection.events$).toBeObservable('       ------------------------c', { c: 'close' });
    }),
  );

  it(
    'does not mind how the replies are cut into chunks',
    marbles((m) => {
      const connection = marbleConnection(m, {
        incoming: '                               --g--a--b--c--o--o--d------o--q',
        values: { ...values, a: '250-y.org\r', b: '\n25', c: '0 HELP\r\n' },
      });
      m.expect(send(connection)).toBeObservable(' --g--------e--o--o--d------o--(q|)', replies);
      m.expect(connection.outgoing$).toBeObservable('--E--------M--R--D--(1234)-Q--|', written);
    }),
  );

  it(
    'gives up on a slow server, and closes the connection',
    marbles((m) => {
      const connection = marbleConnection(m, {
        incoming: '--g--a 9998ms e',
        values: { ...values, a: '250-' },
      });
      const sent$ = send(connection, mail, { replyTimeout: 5000 });
      m.expect(sent$).toBeObservable('                    --g 4999ms #', replies, 'StepTimeoutError');
      m.expect(connection.outgoing$).toBeObservable('     --E 4999ms |', written);
    }),
  );

  it(
    'fails when the connection is reset in the middle of a reply',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: '--g--a--#', values: { ...values, a: '250-y.' } });
      m.expect(send(connection)).toBeObservable('         --g-----#', replies, 'ConnectionLostError');
    }),
  );

  it(
    'fails when the server ends in the middle of a reply',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: '--g--a--|', values: { ...values, a: '250-y.' } });
      m.expect(send(connection)).toBeObservable('         --g-----#', replies, 'IncompleteReadError');
      m.expect(connection.events$).toBeObservable('       --------c', { c: 'close' });
    }),
  );

  it(
    'is sent no faster than the server takes it',
    marbles((m) => {
      const connection = marbleConnection(m, {
        incoming: '                                       g-e-o-o-d-------------o-q',
        drain: '                                          ------------x----x-------x',
        values,
        highWaterMark: 100,
      });
      const line = 'x'.repeat(48);
      const long = { ...mail, lines: [line, line, line, line, line] };
      m.expect(send(connection, long)).toBeObservable('    g-e-o-o-d-------------o-(q|)', replies);
      m.expect(connection.outgoing$).toBeObservable('     E-M-R-D-L---(LLL)(L4)-Q-|', {
        ...written,
        L: `${line}\r\n`,
      });
      m.expect(connection.writer.paused$).toBeObservable('f-------t---(ft)-f-------|', {
        t: true,
        f: false,
      });
    }),
  );
});
