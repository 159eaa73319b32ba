import { PLATFORM_ID, type Provider } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { map } from 'rxjs';
import { marbles, marbleServer, valuesOf } from '../../testing/marbles';
import { CONNECT, RECONNECT, type Connect } from '../connection/connect';
import { LiveConnection } from '../connection/live-connection';
import { ConsoleSession, SAMPLE_INTERVAL } from './console-session';
import { TARGETS, type Target } from './targets';

const [redis, echo] = ['redis', 'echo'].map((name) => TARGETS.find((target) => target.name === name)) as [
  Target,
  Target,
];

function consoleSession(connect: Connect, ...providers: Provider[]): ConsoleSession {
  TestBed.configureTestingModule({
    providers: [
      ConsoleSession,
      LiveConnection,
      { provide: CONNECT, useValue: connect },
      { provide: RECONNECT, useValue: { initialDelay: 40, random: () => 1 } },
      ...providers,
    ],
  });
  return TestBed.inject(ConsoleSession);
}

function said(session: ConsoleSession): string[] {
  return session.transcript().entries.map(({ kind, text }) => `${kind}: ${text}`);
}

describe('ConsoleSession', () => {
  it(
    'writes down what is said, by whom, and what becomes of the connection',
    marbles((helpers) => {
      const { connect, connections } = marbleServer(
        helpers,
        { incoming: '--- 50ms a 49ms #', values: { a: '+PONG\r\n' } },
        {},
      );
      const session = consoleSession(connect);

      session.connect(redis);
      helpers.cold('--p').subscribe(() => session.say('PING'));

      helpers.expectObservable(connections[0]!.outgoing$, '^---!').toBe('--p', { p: '*1\r\n$4\r\nPING\r\n' });
      helpers
        .cold('400ms z')
        .subscribe(() =>
          expect(said(session)).toEqual([
            'note: Connected to Redis.',
            'out: PING',
            'in: PONG',
            'problem: The connection was lost: read ECONNRESET. Again in 40 ms.',
            'note: Connected to Redis.',
          ]),
        );
      helpers.flush();
      expect.assertions(2);
    }),
  );

  it(
    'tells the page at once what comes first, and the rest ten times a second',
    marbles((helpers) => {
      const { connect } = marbleServer(helpers, {
        incoming: '10ms abc 137ms d',
        values: { a: '1\n', b: '2\n', c: '3\n', d: '4\n' },
      });
      const session = consoleSession(connect);

      session.connect(echo);

      const counts = valuesOf(session.transcript).pipe(map(({ entries }) => entries.length));
      // Connected; 1, 2 and 3; 4.
      helpers.expectObservable(counts, '^ 250ms !').toBe('1 99ms 4 99ms 5', { 1: 1, 4: 4, 5: 5 });
    }),
  );

  it(
    'keeps the end of what is said, however much it is',
    marbles((helpers) => {
      const lines = Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join('');
      const { connect } = marbleServer(helpers, { incoming: '-a', values: { a: lines } });
      const session = consoleSession(connect);

      session.connect(echo);

      helpers.cold('300ms z').subscribe(() => {
        const { entries, earlier } = session.transcript();
        expect(entries.length).toBe(200);
        expect(earlier).toBe(1 + 5000 - 200);
        expect(entries.at(-1)!.text).toBe('line 4999');
      });
      helpers.flush();
      expect.assertions(3);
    }),
  );

  it(
    'measures four times a second',
    marbles((helpers) => {
      const session = consoleSession((target, options) => {
        const { connect } = marbleServer(helpers, {
          incoming: '300ms a',
          values: { a: '1234\n' },
          ...options,
        });
        return connect(target);
      });

      session.connect(echo);

      const latest = valuesOf(session.samples).pipe(
        map((samples) => samples.at(-1)!),
        map(({ received, receiving }) => `${received} B, ${receiving} B/s`),
      );
      helpers.expectObservable(latest, '^ 800ms !').toBe('z 249ms a 249ms b 249ms c', {
        z: '0 B, 0 B/s',
        a: '0 B, 0 B/s',
        b: '5 B, 20 B/s',
        c: '5 B, 0 B/s',
      });
      expect(SAMPLE_INTERVAL).toBe(250);
    }),
  );

  it(
    'says that there is no connection to say it on',
    marbles((helpers) => {
      const session = consoleSession(marbleServer(helpers).connect);

      session.say('hello?');

      expect(said(session)).toEqual(['problem: There is no connection to send it on: hello?']);
    }),
  );

  it(
    'connects again when it has broken the connection by hand',
    marbles((helpers) => {
      const { connect } = marbleServer(helpers, {}, {});
      const session = consoleSession(connect);

      session.connect(echo);
      helpers.cold('--b').subscribe(() => session.break());

      const kinds = valuesOf(session.live.status).pipe(map(({ kind }) => kind));
      helpers.expectObservable(kinds, '^ 60ms !').toBe('o-w 39ms o', { o: 'open', w: 'waiting' });
    }),
  );

  it('measures nothing on a server, and says nothing', () => {
    const connect = vi.fn<Connect>();
    const session = consoleSession(connect, { provide: PLATFORM_ID, useValue: 'server' });

    session.connect(redis);

    expect(connect).not.toHaveBeenCalled();
    expect(said(session)).toEqual([]);
    expect(session.samples().length).toBe(1);
  });
});
