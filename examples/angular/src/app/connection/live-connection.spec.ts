import { PLATFORM_ID, type Provider } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { ConnectionLostError, lines, type ReconnectingStatus } from 'rxjs-net';
import { map } from 'rxjs';
import { marbles, marbleServer, valuesOf } from '../../testing/marbles';
import { CONNECT, RECONNECT, type Connect } from './connect';
import { LiveConnection } from './live-connection';

/** The service, on connections that a test plays. */
function liveConnection(connect: Connect, ...providers: Provider[]): LiveConnection<string, string> {
  TestBed.configureTestingModule({
    providers: [
      LiveConnection,
      { provide: CONNECT, useValue: connect },
      // The first wait takes 4 ms, the next one 8 ms.
      { provide: RECONNECT, useValue: { initialDelay: 4, random: () => 1 } },
      ...providers,
    ],
  });
  return TestBed.inject<LiveConnection<string, string>>(LiveConnection);
}

/** A status in one letter. */
function letter({ kind }: ReconnectingStatus): string {
  return { closed: 'x', connecting: 'c', open: 'o', waiting: 'w' }[kind];
}

describe('LiveConnection', () => {
  it(
    'emits what arrives, however it is cut',
    marbles((helpers) => {
      const { connect } = marbleServer(helpers, {
        incoming: '--a-b-----c',
        values: { a: 'on', b: 'e\ntwo\nth', c: 'ree\n' },
      });
      const live = liveConnection(connect);

      live.open('echo', lines());

      helpers.expectObservable(live.received$).toBe('----(12)--3', { 1: 'one', 2: 'two', 3: 'three' });
    }),
  );

  it(
    'connects again after a loss, and tells so',
    marbles((helpers) => {
      const { connect, targets } = marbleServer(
        helpers,
        { incoming: '---#' },
        { incoming: '----------a', values: { a: 'hi\n' } },
      );
      const live = liveConnection(connect);

      live.open('echo', lines());

      helpers.expectObservable(valuesOf(live.status).pipe(map(letter)), '^---------!').toBe('o--w---o');
      helpers.expectObservable(live.received$).toBe('----------h', { h: 'hi' });
      helpers.flush();

      expect(targets).toEqual(['echo']);
    }),
  );

  it(
    'says why it waits',
    marbles((helpers) => {
      const { connect } = marbleServer(helpers, { incoming: '---#' });
      const live = liveConnection(connect);

      live.open('echo', lines());
      helpers.cold('----a').subscribe(() => {
        const status = live.status();
        expect(status).toMatchObject({ kind: 'waiting', attempt: 2, delay: 4 });
        expect(status.kind === 'waiting' && status.reason).toBeInstanceOf(ConnectionLostError);
        expect(live.connection()).toBeUndefined();
        live.close();
      });
      helpers.flush();

      expect(live.status()).toEqual({ kind: 'closed' });
      expect.assertions(4);
    }),
  );

  it(
    'does not wait when it is told not to',
    marbles((helpers) => {
      const { connect } = marbleServer(helpers, { incoming: '---#' }, {});
      const live = liveConnection(connect);

      live.open('echo', lines());

      helpers.cold('-----a').subscribe(() => live.retryNow());
      helpers.expectObservable(valuesOf(live.status).pipe(map(letter)), '^---------!').toBe('o--w-o');
    }),
  );

  it(
    'connects again when the server has ended the connection',
    marbles((helpers) => {
      const { connect } = marbleServer(helpers, { incoming: '--a-|', values: { a: 'bye\n' } }, {});
      const live = liveConnection(connect);

      live.open('echo', lines());

      helpers.expectObservable(live.received$).toBe('--b', { b: 'bye' });
      helpers.expectObservable(valuesOf(live.status).pipe(map(letter)), '^---------!').toBe('o---w---o');
    }),
  );

  it(
    'sends while there is a connection',
    marbles((helpers) => {
      const { connect, connections } = marbleServer(helpers, { incoming: '---#' }, {});
      const live = liveConnection(connect);
      const sent: boolean[] = [];

      sent.push(live.send('nobody is there'));
      live.open('echo', lines());
      helpers.cold('-1--2---3').subscribe((text) => sent.push(live.send(text)));

      helpers.expectObservable(connections[0]!.outgoing$, '^-!').toBe('-a', { a: '1\n' });
      helpers.expectObservable(connections[1]!.outgoing$, '^--------!').toBe('--------b', { b: '3\n' });
      helpers.flush();
      expect(sent).toEqual([false, true, false, true]);
    }),
  );

  it(
    'stops reading while it is stalled, which stops its peer, and loses nothing',
    marbles((helpers) => {
      const { connect, connections } = marbleServer(helpers, {
        incoming: '-a-b-c-d',
        limit: 4,
        values: { a: '1\n', b: '2\n', c: '3333\n', d: '4444\n' },
      });
      const live = liveConnection(connect);

      live.open('flood', lines());
      helpers.cold('s---------r').subscribe((step) => live.stall(step === 's'));

      // The message that has come is shown, what comes after it waits: more than 2 × limit stop the transport.
      helpers
        .expectObservable(live.received$)
        .toBe('        -1--------(234)', { 1: '1', 2: '2', 3: '3333', 4: '4444' });
      helpers
        .expectObservable(connections[0]!.events$, '^----------!')
        .toBe('-------p--r', { p: 'pause', r: 'resume' });
      helpers
        .expectObservable(valuesOf(live.stalled), '^----------!')
        .toBe('s---------r', { s: true, r: false });
    }),
  );

  it(
    'tells when its writer is paused',
    marbles((helpers) => {
      const { connect } = marbleServer(helpers, { highWaterMark: 4, drain: '-----d' });
      const live = liveConnection(connect);

      live.open('slow-reader', lines());
      helpers.cold('--s').subscribe(() => live.send('much'));

      helpers.expectObservable(valuesOf(live.writerPaused), '^------!').toBe('f-t--f', { f: false, t: true });
    }),
  );

  it(
    'leaves a target for another one',
    marbles((helpers) => {
      const { connect, connections, targets } = marbleServer(helpers, {}, {});
      const live = liveConnection(connect);

      live.open('echo', lines());
      helpers.cold('--o').subscribe(() => live.open('redis', lines()));

      helpers.expectObservable(connections[0]!.events$).toBe('--c', { c: 'close' });
      helpers.flush();
      expect(targets).toEqual(['echo', 'redis']);
    }),
  );

  it(
    'closes with whatever it was provided in',
    marbles((helpers) => {
      const { connect, connections } = marbleServer(helpers, {});
      liveConnection(connect).open('echo', lines());

      helpers.cold('---d').subscribe(() => TestBed.resetTestingModule());

      helpers.expectObservable(connections[0]!.events$).toBe('---c', { c: 'close' });
    }),
  );

  it(
    'opens nothing on a server',
    marbles((helpers) => {
      const { connect, targets } = marbleServer(helpers, {});
      const live = liveConnection(connect, { provide: PLATFORM_ID, useValue: 'server' });

      live.open('echo', lines());

      helpers.expectObservable(live.status$).toBe('x', { x: { kind: 'closed' } });
      helpers.flush();
      expect(targets).toEqual([]);
    }),
  );
});
