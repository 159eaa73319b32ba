import { NEVER, of, Subject, throwError } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { map, mergeMap } from 'rxjs';
import { serve, type Connection, type StreamError } from '../../src/index.js';
import { fakeConnection, record, text } from '../streams/FakeTransport.js';

describe('serve', () => {
  it(
    'serves connections side by side; an error of one reaches onError and nothing else',
    marbles((m) => {
      const clients = { A: fakeConnection(), B: fakeConnection() };
      const errors$ = new Subject<string>();
      const connections$ = m
        .hot<keyof typeof clients>('--A--B------|')
        .pipe(map((name) => clients[name] as Connection));
      clients.A.transport.play(m.hot('                  ---a-----#', { a: 'a\n' }, new Error('reset')));
      clients.B.transport.play(m.hot('                  -------b------b--|', { b: 'b\n' }));
      const served$ = connections$.pipe(
        serve(({ reader }) => reader.lines(), {
          onError: (error) => errors$.next((error as StreamError).code),
        }),
      );
      m.expect(served$).toBeObservable('                ---a---b------b--|');
      m.expect(errors$).toBeObservable('                ---------e', { e: 'ERR_CONNECTION_LOST' });
      m.flush();
      expect(clients.B.transport.calls[0]).toBe('close');
      clients.B.transport.receiver.closed();
    }),
  );

  it(
    'beyond the concurrency connections wait, unread',
    marbles((m) => {
      const clients = { A: fakeConnection(), B: fakeConnection() };
      const connections$ = m
        .hot<keyof typeof clients>('-A-B----|')
        .pipe(map((name) => clients[name] as Connection));
      clients.A.transport.play(m.hot('                  --a---|', { a: 'a\n' }));
      clients.B.transport.play(m.hot('                  ----b-----|', { b: 'b\n' }));
      const served$ = connections$.pipe(serve(({ reader }) => reader.lines(), { concurrency: 1 }));
      m.expect(served$).toBeObservable('                --a---b---|');
      m.flush();
      for (const { transport } of Object.values(clients)) transport.receiver.closed();
    }),
  );

  it('onError comes while the connection is still open: there is time for a last word', () => {
    const connection = fakeConnection();
    const log = record(
      of<Connection>(connection).pipe(
        serve(() => throwError(() => new Error('bug')), {
          onError: (error, { writer }) => writer.write(`500 ${(error as Error).message}`),
        }),
      ),
    );
    expect(log.log).toEqual(['|']);
    expect(connection.transport.calls).toEqual(['write 500 bug', 'close']);
    connection.transport.receiver.closed();
  });

  it('a handler that throws is a handler that errors', () => {
    const connection = fakeConnection();
    const errors: unknown[] = [];
    const handler = (): never => {
      throw new Error('thrown');
    };
    of<Connection>(connection)
      .pipe(serve(handler, { onError: (error) => errors.push(error) }))
      .subscribe();
    expect(errors).toEqual([new Error('thrown')]);
    expect(connection.transport.calls).toEqual(['close']);
    connection.transport.receiver.closed();
  });

  it('passes on what onError throws, and an error of the source', () => {
    const connection = fakeConnection();
    const rethrow = (error: unknown): never => {
      throw error;
    };
    const failing = serve(() => throwError(() => new Error('handler')), { onError: rethrow });
    expect(record(of<Connection>(connection).pipe(failing)).log).toEqual(['# handler']);
    expect(record(throwError(() => new Error('EADDRINUSE')).pipe(serve(() => NEVER))).log).toEqual([
      '# EADDRINUSE',
    ]);
    connection.transport.receiver.closed();
  });

  it('unsubscribing closes every connection that is being served', () => {
    const clients = [fakeConnection(), fakeConnection()];
    of<Connection[]>(...clients)
      .pipe(serve(({ reader }) => reader.read().pipe(map(text))))
      .subscribe()
      .unsubscribe();
    for (const { transport } of clients) {
      expect(transport.calls).toEqual(['close']);
      transport.receiver.closed();
    }
  });

  it('refuses a senseless concurrency at the call', () => {
    for (const concurrency of [0, -1, NaN]) {
      expect(() => serve(() => NEVER, { concurrency })).toThrowError(
        RangeError,
        new RegExp(`not ${concurrency}`),
      );
    }
  });

  it('merges with other streams as any observable', () => {
    const connection = fakeConnection();
    const log = record(
      of<Connection>(connection).pipe(
        serve(() => [1, 2]),
        mergeMap((n) => [n * 10]),
      ),
    );
    expect(log.log).toEqual(['10', '20', '|']);
    connection.transport.receiver.closed();
  });
});
