import {
  concat,
  concatMap,
  defer,
  delay,
  EMPTY,
  filter,
  last,
  map,
  mergeMap,
  of,
  repeat,
  take,
  takeWhile,
  toArray,
  VirtualTimeScheduler,
  type Observable,
} from 'rxjs';
import { Connection, decode, framed, lines, type StreamReader, type StreamWriter } from '../../src/index.js';
import { manualConnection, ManualTransport } from '../../src/testing.js';
import { record, text } from './record.js';

/** A transport whose handshake is over at once. */
class SecurableTransport extends ManualTransport {
  secured = 0;

  startTls(): Observable<void> {
    return defer(() => {
      this.secured++;
      return of(undefined);
    });
  }
}

interface Session {
  reader: StreamReader;
  writer: StreamWriter;
  handled: string[];
  /** Some work on a command, which takes time; STARTTLS starts it. */
  work: (command: string) => Observable<unknown>;
}

/** Plays a server's loop against these segments; what it has handled by the end, and how it went. */
function play(loop: (session: Session) => Observable<unknown>, ...segments: string[]): string {
  const scheduler = new VirtualTimeScheduler();
  const transport = new SecurableTransport();
  const { reader, writer } = new Connection(transport, { scheduler });
  const handled: string[] = [];
  const work = (command: string): Observable<unknown> => {
    const done$ = of(command).pipe(delay(5, scheduler));
    return concat(
      done$,
      defer(() => {
        handled.push(transport.secured > 0 ? `${command}, encrypted` : command);
        return command === 'STARTTLS' ? writer.startTls() : EMPTY;
      }),
    );
  };
  let error: Error | undefined;
  loop({ reader, writer, handled, work }).subscribe({ error: (reason: Error) => (error = reason) });
  segments.forEach((segment, i) => scheduler.schedule(() => transport.receive(segment), i * 100));
  scheduler.flush();
  const end = error === undefined ? '' : ` # ${(error as { code?: string } & Error).code ?? error.message}`;
  return `${handled.join('; ')}${transport.secured > 0 ? ' | secured' : ''}${end}`;
}

const REFUSED = ' # ERR_UNREAD_PLAINTEXT';
const ATTACK = 'EHLO\nSTARTTLS\nMAIL\n';

describe('startTls and what was read before it', () => {
  // Each hands commands to a queue of its own, where some may wait that came in plain.
  const unsafe: Record<string, (session: Session) => Observable<unknown>> = {
    'lines and concatMap': ({ reader, work }) => reader.lines().pipe(concatMap(work)),
    'lines and mergeMap': ({ reader, work }) => reader.lines().pipe(mergeMap(work, 1)),
    'lines, three of them': ({ reader, work }) => reader.lines().pipe(take(3), concatMap(work)),
    'lines, three at once': ({ reader, work }) =>
      reader.lines().pipe(
        take(3),
        toArray(),
        concatMap((all) => all),
        concatMap(work),
      ),
    frames: ({ reader, work }) => reader.frames(lines()).pipe(concatMap(work)),
    chunks: ({ reader, work }) => reader.chunks().pipe(decode(lines()), concatMap(work)),
    'read(n)': ({ reader, work }) => reader.read(1000).pipe(repeat(3), decode(lines()), concatMap(work)),
    'consume, several at a time': ({ reader, work }) => reader.consume(lines(), work, 3),
  };
  for (const [name, loop] of Object.entries(unsafe)) {
    it(`is refused after ${name}: plaintext may wait behind it`, () => {
      expect(play(loop, ATTACK)).toContain(REFUSED);
      expect(play(loop, 'EHLO\n', 'STARTTLS\nMAIL\n')).toContain(REFUSED);
      expect(play(loop, ATTACK)).not.toContain('encrypted');
    });
  }

  it('is refused through framed, where messages go to a queue', () => {
    const scheduler = new VirtualTimeScheduler();
    const transport = new SecurableTransport();
    const connection = new Connection(transport, { scheduler });
    const codes: unknown[] = [];
    framed(connection, lines())
      .pipe(
        concatMap((line) =>
          of(line).pipe(
            delay(5, scheduler),
            concatMap(() => (line === 'STARTTLS' ? connection.writer.startTls() : EMPTY)),
          ),
        ),
      )
      .subscribe({ error: (error: { code: string }) => codes.push(error.code) });
    transport.receive(ATTACK);
    scheduler.flush();
    expect(codes).toEqual(['ERR_UNREAD_PLAINTEXT']);
    expect(transport.secured).toBe(0);
  });

  const safe: Record<string, (session: Session) => Observable<unknown>> = {
    consume: ({ reader, work }) => reader.consume(lines(), work),
    readLine: ({ reader, work }) =>
      reader.readLine().pipe(
        map((line) => text(line).trim()),
        concatMap(work),
        repeat(3),
      ),
    readFrame: ({ reader, work }) => reader.readFrame(lines()).pipe(concatMap(work), repeat(3)),
    'one of lines': ({ reader, work }) => reader.lines().pipe(take(1), concatMap(work), repeat(3)),
  };
  for (const [name, loop] of Object.entries(safe)) {
    it(`is taken after ${name}, when nothing came behind it`, () => {
      expect(play(loop, 'EHLO\n', 'STARTTLS\n', 'MAIL\n')).toBe('EHLO; STARTTLS; MAIL, encrypted | secured');
      expect(play(loop, 'EHLO\nSTARTTLS\n', 'MAIL\n')).toBe('EHLO; STARTTLS; MAIL, encrypted | secured');
    });

    it(`is refused after ${name}, when something came behind it`, () => {
      expect(play(loop, ATTACK)).toBe(`EHLO; STARTTLS${REFUSED}`);
    });
  }

  it('a client may have read a reply of several lines before', () => {
    const reply = ({ reader }: Session): Observable<string> =>
      reader.lines().pipe(
        takeWhile((line) => line[3] === '-', true),
        last(),
      );
    const client = (session: Session): Observable<unknown> =>
      concat(
        reply(session),
        reply(session).pipe(
          filter((line) => line.startsWith('220')),
          concatMap(() => session.writer.startTls()),
        ),
      );
    expect(play(client, '250-a\n250-b\n250 c\n', '220 go\n')).toBe(' | secured');
    expect(play(client, '250-a\n250-b\n250 c\n', '220 go\n250 injected\n')).toBe(REFUSED);
  });

  it('tells how many bytes are unread, or how to read', () => {
    const transport = new SecurableTransport();
    const { reader, writer } = new Connection(transport);
    const messages: string[] = [];
    const start = (): void => {
      writer.startTls().subscribe({ error: (error: Error) => messages.push(error.message) });
    };
    transport.receive('STARTTLS\n');
    start();
    reader.read(100).subscribe();
    start();
    transport.receive('x');
    reader.read(1).subscribe();
    start();
    expect(messages.length).toBe(2);
    expect(messages[0]).toContain('9 bytes unread');
    expect(messages[1]).toContain('read that with readLine');
    expect(transport.secured).toBe(1);
  });

  it('is refused after a read of all there is', () => {
    const reads: ((reader: StreamReader) => Observable<unknown>)[] = [
      (reader) => reader.read(),
      (reader) => reader.read('utf-8'),
    ];
    for (const read of reads) {
      const transport = new SecurableTransport();
      const { reader, writer } = new Connection(transport);
      transport.receive('STARTTLS\nMAIL\n');
      transport.receiveEof();
      read(reader).subscribe();
      expect(record(writer.startTls()).log).toEqual([REFUSED.slice(1)]);
    }
  });

  it('is refused after pipeTo, which may have carried more than a message', () => {
    const transport = new SecurableTransport();
    const { reader, writer } = new Connection(transport);
    const pipe = reader.pipeTo(manualConnection().writer).subscribe();
    transport.receive('STARTTLS\nMAIL\n');
    pipe.unsubscribe();
    expect(record(writer.startTls()).log).toEqual([REFUSED.slice(1)]);
  });
});

describe('startTls and what has become of the connection', () => {
  const told: [name: string, act: (connection: Connection) => void, error: RegExp][] = [
    [
      'this side has ended its direction',
      ({ writer }) => writer.writeEof(),
      /^startTls\(\) after writeEof\(\)$/,
    ],
    ['this side is closing it', ({ writer }) => writer.close(), /^The connection is closed by this side$/],
    ['this side has aborted it', ({ writer }) => writer.abort(), /^The connection was aborted by this side$/],
  ];
  for (const [name, act, message] of told) {
    it(`is refused where ${name}`, () => {
      const transport = new SecurableTransport({ holdWrites: true });
      const connection = new Connection(transport);
      connection.writer.write('unsent');
      act(connection);
      let error: Error | undefined;
      connection.writer.startTls().subscribe({ error: (reason: Error) => (error = reason) });
      expect(error?.message).toMatch(message);
      expect(transport.secured).toBe(0);
    });
  }

  it('is refused where it was lost', () => {
    const transport = new SecurableTransport();
    const { writer } = new Connection(transport);
    const secured$ = writer.startTls();
    transport.lose(new Error('cut'));
    expect(record(secured$).log).toEqual(['# ERR_CONNECTION_LOST']);
  });

  it('is no call of a transport that cannot', () => {
    expect(() => manualConnection().writer.startTls()).toThrowError(
      TypeError,
      'This transport cannot start TLS',
    );
  });

  it('is told to whoever watches the connection, with nobody as well', () => {
    const transport = new SecurableTransport();
    const connection = new Connection(transport);
    expect(record(connection.writer.startTls()).log).toEqual(['undefined', '|']);
    const secured = jasmine.createSpy('secured');
    connection.core.monitor = { secured } as unknown as NonNullable<typeof connection.core.monitor>;
    expect(record(connection.writer.startTls()).log).toEqual(['undefined', '|']);
    expect(secured.calls.allArgs()).toEqual([[connection.core]]);
  });
});
