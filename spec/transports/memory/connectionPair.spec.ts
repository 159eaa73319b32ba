import { catchError, concat, concatMap, EMPTY, from, map, of, tap, type Observable } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import type { Connection } from '../../../src/streams/Connection.js';
import { ConnectionClosedError, ConnectionLostError } from '../../../src/streams/errors.js';
import { connectionPair } from '../../../src/transports/memory/connectionPair.js';
import { seededBytes, difference, text } from '../../contracts/bytes.js';
import { eventually, failureOf } from '../../contracts/eventually.js';

const asText = (source: Observable<Uint8Array>): Observable<string> => source.pipe(map(text));

describe('connectionPair', () => {
  it(
    'brings to each end what the other writes, in the same frame',
    marbles((m) => {
      const [client, server] = connectionPair();
      const questions = m.cold('-a---b---|', { a: 'ping\n', b: 'pang\n' });
      server.reader.lines().subscribe((line) => server.writer.write(`${line}?`));
      questions.subscribe((question) => client.writer.write(question));
      m.expect(asText(client.reader.chunks())).toBeObservable('-a---b', { a: 'ping?', b: 'pang?' });
    }),
  );

  it(
    'pauses a writer whose peer does not read, until that reads',
    marbles((m) => {
      // The peer holds 2 × 4 bytes before it stops, then the writer 8 in its queue before it is paused.
      const [client, server] = connectionPair({ limit: 4, highWaterMark: 8, lowWaterMark: 2 });
      m.cold('-a-a-a-a----------|').subscribe(() => client.writer.write('12345'));
      m.cold('------------r|').subscribe(() => server.reader.chunks().subscribe());
      m.expect(client.writer.paused$).toBeObservable('f------t----f', { f: false, t: true });
      m.expect(client.writer.drain$).toBeObservable('------------d', { d: undefined });
      m.expect(client.writer.drain(), '---------^').toBeObservable('------------(d|)', { d: undefined });
    }),
  );

  it(
    'lets send() go on in the pace of the reader',
    marbles((m) => {
      const [client, server] = connectionPair({ limit: 1, highWaterMark: 0 });
      const sent: string[] = [];
      const send = (word: string): Observable<never> =>
        concat(
          client.writer.send(word),
          EMPTY.pipe(tap({ complete: () => sent.push(`${word} at ${m.scheduler.now()}`) })),
        );
      m.cold('(abcd|)', { a: 'one', b: 'two', c: 'three', d: 'four' }).pipe(concatMap(send)).subscribe();
      // The first word goes over the peer's limit and stops it; each of the others then waits to be asked for.
      const reads = m.cold('----r----r----r--|').pipe(concatMap(() => asText(server.reader.readExactly(3))));
      m.expect(reads).toBeObservable('----a----b----c--|', { a: 'one', b: 'two', c: 'thr' });
      m.flush();
      expect(sent).toEqual(['one at 0', 'two at 4', 'three at 9']);
    }),
  );

  it('carries more than the marks and limits hold, without a loss', async () => {
    const [client, server] = connectionPair({ limit: 1000, highWaterMark: 500 });
    const sent = seededBytes(1, 100_000);
    client.writer.write(sent);
    client.writer.close();
    const received = await eventually('all bytes', server.reader.read());
    server.writer.close();
    expect(difference(received, sent)).toBe('none');
  });

  it('half-closes: the other direction goes on', () => {
    const [client, server] = connectionPair();
    const answers: string[] = [];
    server.reader.read().subscribe((all) => server.writer.write(`got ${all.length} bytes`));
    client.reader.chunks().subscribe((chunk) => answers.push(text(chunk)));
    client.writer.write('12345');
    expect(answers).toEqual([]);
    client.writer.writeEof();
    expect(answers).toEqual(['got 5 bytes']);
    expect(client.writer.isClosing()).toBeFalse();
  });

  it('closes: the peer reads what was written, then sees the end', () => {
    const [client, server] = connectionPair();
    const events: string[] = [];
    client.writer.waitClosed().subscribe(() => events.push('closed'));
    client.writer.write('bye');
    client.writer.close();
    server.reader
      .chunks()
      .subscribe({ next: (chunk) => events.push(text(chunk)), complete: () => events.push('end') });
    expect(events).toEqual(['closed', 'bye', 'end']);
    expect(server.reader.atEof()).toBeTrue();
    expect(client.reader.atEof()).withContext('after its own close').toBeTrue();
  });

  it('aborts: the peer reads what had arrived, then sees the loss and its cause', async () => {
    const [client, server] = connectionPair();
    client.writer.write('some');
    client.writer.abort('because');
    expect(text(await eventually('the bytes', server.reader.readExactly(4)))).toBe('some');
    const loss = await failureOf('reading on', server.reader.read());
    expect(loss).toBeInstanceOf(ConnectionLostError);
    expect((loss as Error).cause).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
    expect(await failureOf('waitClosed', server.writer.waitClosed())).toBe(loss);
    const own = await failureOf('reading at the end that aborted', client.reader.read());
    expect(own).toBeInstanceOf(ConnectionClosedError);
    expect((own as Error).cause).toBe('because');
  });

  it('shows a writer that its peer has gone: drain() errors', async () => {
    const [client, server] = connectionPair({ limit: 4, highWaterMark: 8 });
    client.writer.write('123456789');
    client.writer.write('123456789');
    const drained = failureOf('drain()', client.writer.drain());
    server.writer.abort();
    expect(await drained).toBeInstanceOf(ConnectionLostError);
    client.writer.write('dropped');
    expect(await failureOf('send()', client.writer.send('dropped'))).toBeInstanceOf(ConnectionLostError);
  });

  it('echoes from inside next for thousands of rounds without running out of stack', () => {
    const [client, server] = connectionPair();
    const rounds = 20_000;
    let done = 0;
    server.reader.chunks().subscribe((chunk) => server.writer.write(chunk));
    client.reader.chunks().subscribe((chunk) => {
      done++;
      if (done < rounds) client.writer.write(chunk);
      else client.writer.close();
    });
    client.writer.write('ball');
    expect(done).toBe(rounds);
  });

  it('plays thousands of rounds of one-shot reads, each subscribed from inside the one before', () => {
    const [client, server] = connectionPair();
    const rounds = 20_000;
    let done = 0;
    server.reader.lines().subscribe((line) => server.writer.write(`${line}\n`));
    const play = (): void => {
      client.writer.write(`round ${done}\n`);
      client.reader.readLine().subscribe((line) => {
        expect(text(line)).toBe(`round ${done}\n`);
        done++;
        if (done < rounds) play();
      });
    };
    play();
    expect(done).toBe(rounds);
  });

  it('checks its options at the call', () => {
    expect(() => connectionPair({ limit: 0 })).toThrowError(RangeError, /limit .*not 0/);
    expect(() => connectionPair({ highWaterMark: 1, lowWaterMark: 2 })).toThrowError(RangeError, /1 and 2/);
  });

  it(
    'aborts the end of a disposed connection whose peer does not read, when closeTimeout is over',
    marbles((m) => {
      const [client, server] = connectionPair({ limit: 1, closeTimeout: 5, scheduler: m.scheduler });
      client.writer.write('123');
      client.writer.write('never read');
      const disposed = (): Observable<void> => from(client[Symbol.asyncDispose]());
      const outcome = (connection: Connection): Observable<string> =>
        connection.writer.waitClosed().pipe(
          map(() => 'closed'),
          catchError((error: unknown) => of(error instanceof ConnectionLostError ? 'lost' : String(error))),
        );
      disposed()
        .pipe(catchError(() => EMPTY))
        .subscribe();
      m.expect(outcome(client)).toBeObservable('-----(l|)', { l: 'lost' });
      m.expect(outcome(server)).toBeObservable('-----(l|)', { l: 'lost' });
    }),
  );
});
