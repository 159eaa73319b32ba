import { NEVER, of, Subject, throwError } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { map, mergeMap } from 'rxjs';
import { serve, type Connection, type StreamError } from '../../src/index.js';
import { manualConnection, marbleConnection } from '../../src/testing.js';
import { checkCases } from '../diagrams/checkCases.js';
import { serveCases } from '../diagrams/operators.js';
import { record, text } from '../streams/record.js';

describe('serve', () => {
  checkCases(serveCases);

  it(
    'tells onError of a loss when it happens',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: '---a-----#', values: { a: 'a\n' } });
      const errors$ = new Subject<string>();
      const served$ = of<Connection>(connection).pipe(
        serve(({ reader }) => reader.lines(), {
          onError: (error) => errors$.next((error as StreamError).code),
        }),
      );
      m.expect(served$).toBeObservable('---a-----|');
      m.expect(errors$).toBeObservable('---------e', { e: 'ERR_CONNECTION_LOST' });
    }),
  );

  it('onError comes while the connection is still open: there is time for a last word', () => {
    const connection = manualConnection();
    const log = record(
      of<Connection>(connection).pipe(
        serve(() => throwError(() => new Error('bug')), {
          onError: (error, { writer }) => writer.write(`500 ${(error as Error).message}`),
        }),
      ),
    );
    expect(log.log).toEqual(['|']);
    expect(connection.transport.calls).toEqual(['write 500 bug', 'close']);
    connection.transport.lose();
  });

  it('a handler that throws is a handler that errors', () => {
    const connection = manualConnection();
    const errors: unknown[] = [];
    const handler = (): never => {
      throw new Error('thrown');
    };
    of<Connection>(connection)
      .pipe(serve(handler, { onError: (error) => errors.push(error) }))
      .subscribe();
    expect(errors).toEqual([new Error('thrown')]);
    expect(connection.transport.calls).toEqual(['close']);
    connection.transport.lose();
  });

  it('passes on what onError throws, and an error of the source', () => {
    const connection = manualConnection();
    const rethrow = (error: unknown): never => {
      throw error;
    };
    const failing = serve(() => throwError(() => new Error('handler')), { onError: rethrow });
    expect(record(of<Connection>(connection).pipe(failing)).log).toEqual(['# handler']);
    expect(record(throwError(() => new Error('EADDRINUSE')).pipe(serve(() => NEVER))).log).toEqual([
      '# EADDRINUSE',
    ]);
    connection.transport.lose();
  });

  it('unsubscribing closes every connection that is being served', () => {
    const clients = [manualConnection(), manualConnection()];
    of<Connection[]>(...clients)
      .pipe(serve(({ reader }) => reader.read().pipe(map(text))))
      .subscribe()
      .unsubscribe();
    for (const { transport } of clients) {
      expect(transport.calls).toEqual(['close']);
      transport.lose();
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
    const connection = manualConnection();
    const log = record(
      of<Connection>(connection).pipe(
        serve(() => [1, 2]),
        mergeMap((n) => [n * 10]),
      ),
    );
    expect(log.log).toEqual(['10', '20', '|']);
    connection.transport.lose();
  });
});
