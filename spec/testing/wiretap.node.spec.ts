import { createServer, type AddressInfo } from 'node:net';
import { concatMap, from, map, Observable, switchMap, take, tap, toArray } from 'rxjs';
import { fromConnection } from '../../src/observables/fromConnection.js';
import type { Connection } from '../../src/streams/Connection.js';
import { Recording } from '../../src/testing/Recording.js';
import { scriptedConnection } from '../../src/testing/scriptedConnection.js';
import { wiretap } from '../../src/testing/wiretap.js';
import { eventually } from '../contracts/eventually.js';

// The code under test: the length of each answer, until it is told goodbye.
function client({ reader, writer }: Connection): Observable<string[]> {
  writer.write('one\n');
  return reader.lines().pipe(
    tap((line) => {
      if (line === 'ONE') writer.write(`${'two'.repeat(20_000)}\n`);
      else writer.writeEof();
    }),
    map((line) => `${line.slice(0, 3)}: ${line.length}`),
    toArray(),
  );
}

/** Answers each line in capitals; its port, as long as somebody is subscribed. */
const capitalsServer$ = new Observable<number>((subscriber) => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => socket.write(text.toUpperCase()));
    socket.on('end', () => socket.end());
  });
  server.listen(0, '127.0.0.1', () => subscriber.next((server.address() as AddressInfo).port));
  return () => server.close();
});

describe('wiretap on a TCP connection', () => {
  it('records a dialogue that is played again without one', async () => {
    const recording = new Recording();
    const wrap = wiretap(recording);
    const onTheWire = await eventually(
      'the dialogue',
      capitalsServer$.pipe(
        switchMap((port) => fromConnection({ host: '127.0.0.1', port, limit: 100_000, wrap })),
        concatMap((connection) => from(client(connection))),
        take(1),
      ),
    );
    expect(onTheWire).toEqual(['ONE: 3', 'TWO: 60000']);
    const types = recording.events.map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['sent', 'received', 'sent']);
    expect(types).toContain('eof');
    expect(recording.events.every(({ at }) => at >= 0)).toBeTrue();

    const stored = JSON.stringify(recording);
    const connection = scriptedConnection(Recording.fromJSON(stored).toScript({ waits: false }), {
      limit: 100_000,
    });
    let replayed: string[] | undefined;
    client(connection).subscribe((lines) => (replayed = lines));
    expect(replayed).toEqual(onTheWire);
    connection.writer.close();
    connection.done();
  });
});
