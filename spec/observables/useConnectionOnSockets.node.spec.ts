import type { Socket } from 'node:net';
import { concatMap, EMPTY, finalize, from, map, Subject, take, tap, throwError, toArray } from 'rxjs';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { useConnection } from '../../src/operators/useConnection.js';
import { ConnectionLostError } from '../../src/streams/errors.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { plainPeers, recording, reset } from './plainPeers.js';

const host = '127.0.0.1';

describe('useConnection on sockets', () => {
  const peers = plainPeers();
  let received: () => Promise<Uint8Array>;

  // Answers every chunk with the same in capitals; `received` waits for everything it got.
  function listenAndShout(): Promise<number> {
    return peers.listen((socket) => {
      received = recording(socket);
      socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
      socket.on('end', () => socket.end());
    });
  }

  it('is a client from connect to close: it completes when the connection is closed', async () => {
    const port = await listenAndShout();
    let socket: Socket | undefined;
    const lines = fromConnection({ host, port }).pipe(
      useConnection(({ reader, writer }) => {
        socket = writer.getExtraInfo('socket') as Socket;
        writer.write('one\ntwo\n');
        return reader.lines().pipe(take(2));
      }),
      tap({ complete: () => expect(socket!.destroyed).withContext('closed at completion').toBeTrue() }),
      toArray(),
    );
    expect(await eventually('the completion', lines)).toEqual(['ONE', 'TWO']);
    expect(text(await received())).toBe('one\ntwo\n');
  });

  it('sends what was written when the handler ends at once', async () => {
    const port = await listenAndShout();
    const client = fromConnection({ host, port }).pipe(
      useConnection(({ writer }) => {
        writer.write('fire and forget');
        return EMPTY;
      }),
      toArray(),
    );
    expect(await eventually('the completion', client)).toEqual([]);
    expect(text(await received())).toBe('fire and forget');
  });

  it('passes the error of its handler on, and closes the connection', async () => {
    const port = await listenAndShout();
    const problem = new Error('not what I asked for');
    const client = fromConnection({ host, port }).pipe(
      useConnection(({ reader, writer }) => {
        writer.write('question');
        return reader.readExactly(8).pipe(concatMap(() => throwError(() => problem)));
      }),
    );
    expect(await failureOf('the handler', client)).toBe(problem);
    expect(text(await received())).toBe('question');
  });

  it('passes on what its handler throws synchronously, and closes the connection', async () => {
    const port = await listenAndShout();
    const problem = new Error('cannot even begin');
    const client = fromConnection({ host, port }).pipe(
      useConnection((): typeof EMPTY => {
        throw problem;
      }),
    );
    expect(await failureOf('the handler', client)).toBe(problem);
    expect(text(await received())).toBe('');
  });

  it('passes the error of the connect on without asking the handler', async () => {
    const port = await peers.unusedPort();
    let asked = false;
    const client = fromConnection({ host, port }).pipe(useConnection(() => ((asked = true), EMPTY)));
    expect(await failureOf('the connect', client)).toEqual(
      jasmine.objectContaining({ code: 'ECONNREFUSED' }),
    );
    expect(asked).toBeFalse();
  });

  it('shows a reset in the middle of a read as the error of that read', async () => {
    const port = await peers.listen((socket) => socket.once('data', () => reset(socket)));
    const client = fromConnection({ host, port }).pipe(
      useConnection(({ reader, writer }) => {
        writer.write('hello');
        return reader.readLine();
      }),
    );
    expect(await failureOf('the read', client)).toBeInstanceOf(ConnectionLostError);
  });

  it('unsubscribes from the handler when it is unsubscribed from, and closes the connection', async () => {
    const port = await listenAndShout();
    const events: string[] = [];
    const ponged = new Subject<string>();
    const pong = eventually('the pong', ponged);
    const subscription = fromConnection({ host, port })
      .pipe(
        useConnection(({ reader, writer }) => {
          writer.write('ping');
          return reader.chunks().pipe(finalize(() => events.push('handler is over')));
        }),
      )
      .subscribe((chunk) => ponged.next(text(chunk)));
    expect(await pong).toBe('PING');
    expect(events).toEqual([]);
    subscription.unsubscribe();
    expect(events).toEqual(['handler is over']);
    expect(text(await received())).toBe('ping');
  });

  it('takes promises and iterables for the result of a handler', async () => {
    const port = await listenAndShout();
    const client = fromConnection({ host, port }).pipe(
      useConnection(async ({ reader, writer }) => {
        writer.write('from a promise\n');
        return text(await eventually('the line', reader.readLine()));
      }),
    );
    expect(await eventually('the answer', client)).toBe('FROM A PROMISE\n');
  });

  it('uses one connection after the other as its source brings them', async () => {
    const port = await listenAndShout();
    const sockets = [await peers.connect(port), await peers.connect(port)];
    const answers = from(sockets).pipe(
      concatMap((socket) => fromConnection({ socket })),
      useConnection(({ reader, writer }) => {
        writer.write('x');
        return reader.readExactly(1).pipe(map(text));
      }),
      toArray(),
    );
    expect(await eventually('both answers', answers)).toEqual(['X', 'X']);
  });
});
