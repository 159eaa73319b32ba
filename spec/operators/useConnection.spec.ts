import { EMPTY, finalize, ignoreElements, map, NEVER, Observable, of, Subject, take, throwError } from 'rxjs';
import { connectionPair, useConnection, type Connection } from '../../src/index.js';
import { manualConnection } from '../../src/testing.js';
import { checkCases } from '../diagrams/checkCases.js';
import { useConnectionCases } from '../diagrams/operators.js';
import { record, text } from '../streams/record.js';

describe('useConnection', () => {
  checkCases(useConnectionCases);

  it('emits what the handler emits, and closes the connection when it ends', () => {
    const [connection, peer] = connectionPair();
    const received = record(peer.reader.chunks());
    const log = record(
      of(connection).pipe(
        useConnection(({ reader, writer }) => {
          writer.write('hello');
          return reader.readExactly(2).pipe(map(text));
        }),
      ),
    );
    expect(received.log).toEqual(['hello']);
    peer.writer.write('ok');
    expect(log.log).toEqual(['ok', '|']);
    expect(received.log).toEqual(['hello', '|']);
  });

  it('passes an error of the handler on, thrown or emitted, and closes the connection', () => {
    const thrown = manualConnection();
    const log = record(
      of<Connection>(thrown).pipe(
        useConnection(() => {
          throw new Error('thrown');
        }),
      ),
    );
    expect(log.log).toEqual(['# thrown']);
    expect(thrown.transport.calls).toEqual(['close']);
    thrown.transport.lose();

    const emitted = manualConnection();
    const failing = useConnection(() => throwError(() => new Error('emitted')));
    expect(record(of<Connection>(emitted).pipe(failing)).log).toEqual(['# emitted']);
    expect(emitted.transport.calls).toEqual(['close']);
    emitted.transport.lose();
  });

  it('unsubscribing stops the handler and closes the connection', () => {
    const connection = manualConnection();
    let stopped = 0;
    const handler = (): Observable<never> => NEVER.pipe(finalize(() => stopped++));
    of<Connection>(connection).pipe(useConnection(handler)).subscribe().unsubscribe();
    expect(stopped).toBe(1);
    expect(connection.transport.calls).toEqual(['close']);
    connection.transport.lose();
  });

  it('lets the teardown of a handler still write, whoever owns the connection', () => {
    for (const unsubscribe of [true, false]) {
      const connection = manualConnection();
      // As fromConnection: unsubscribing closes.
      const source$ = new Observable<Connection>((subscriber) => {
        subscriber.add(() => connection.release());
        subscriber.next(connection);
      });
      const done$ = new Subject<void>();
      const subscribed = source$
        .pipe(
          useConnection(({ writer }) => done$.pipe(finalize(() => writer.write('QUIT')))),
          take(1),
        )
        .subscribe();
      if (unsubscribe) subscribed.unsubscribe();
      else done$.next();
      expect(connection.transport.calls).toEqual(['write QUIT', 'close']);
      connection.transport.lose();
    }
  });

  it('stops all handlers that run, and none that has ended', () => {
    const source$ = new Subject<Connection>();
    const connections = [manualConnection(), manualConnection(), manualConnection()];
    const stops: number[] = [];
    let started = 0;
    const subscribed = source$
      .pipe(
        useConnection(() => {
          const number = started++;
          return (number === 0 ? EMPTY : NEVER).pipe(finalize(() => stops.push(number)));
        }),
      )
      .subscribe();
    for (const connection of connections) source$.next(connection);
    expect(stops).toEqual([0]);
    subscribed.unsubscribe();
    expect(stops).toEqual([0, 1, 2]);
    for (const { transport } of connections) {
      expect(transport.calls).toEqual(['close']);
      transport.lose();
    }
  });

  it('takes handlers that return promises and arrays', async () => {
    const connection = manualConnection();
    const log = record(of<Connection>(connection).pipe(useConnection(() => [1, 2])));
    expect(log.log).toEqual(['1', '2', '|']);
    connection.transport.lose();
    const other = manualConnection();
    const done = new Promise((resolve) => {
      of<Connection>(other)
        .pipe(
          useConnection(() => Promise.resolve(3)),
          ignoreElements(),
        )
        .subscribe({ complete: () => resolve('done') });
    });
    expect(await done).toBe('done');
    expect(other.transport.calls).toEqual(['close']);
    other.transport.lose();
  });

  it('ends no earlier than the source: it waits for the connection to be closed', () => {
    const source$ = new Subject<Connection>();
    const log = record(source$.pipe(useConnection(() => [1])));
    const connection = manualConnection();
    source$.next(connection);
    expect(log.log).toEqual(['1']);
    source$.complete();
    expect(log.log).toEqual(['1', '|']);
    connection.transport.lose();
  });
});
