import { connectionPair, framed, json, lines, serve, type Connection } from '../../src/index.js';
import { snapshotLine } from '../../src/streams/ConnectionSnapshot.js';
import { NEVER, Subject, timer, VirtualTimeScheduler, type Observable } from 'rxjs';

describe('connection.inspect()', () => {
  let time: VirtualTimeScheduler;
  let client: Connection;
  let server: Connection;

  beforeEach(() => {
    time = new VirtualTimeScheduler();
    [client, server] = connectionPair({ scheduler: time, limit: 10, highWaterMark: 20, lowWaterMark: 5 });
  });

  /** What is seen after so many milliseconds. */
  function seenAt<T>(milliseconds: number, look: () => T): () => T {
    let seen: T | undefined;
    time.schedule(() => (seen = look()), milliseconds);
    return () => {
      time.flush();
      return seen!;
    };
  }

  function after(milliseconds: number, call: () => void): void {
    time.schedule(call, milliseconds);
  }

  const still = { paused: false, pausedFor: 0, pauses: 0, pausedInAll: 0 };

  it('shows a connection on which nothing has happened', () => {
    const seen = seenAt(500, () => server.inspect());
    expect(seen()).toEqual({
      phase: 'open',
      since: 0,
      age: 500,
      bytesRead: 0,
      bytesWritten: 0,
      read: { state: 'open', buffered: 0, limit: 10, ...still, pendingReads: 0, reads: [] },
      write: { queued: 0, highWaterMark: 20, lowWaterMark: 5, ...still },
    });
  });

  it('tells when it was opened, and how long ago that is', () => {
    let late: Connection | undefined;
    after(200, () => ([late] = connectionPair({ scheduler: time })));
    const seen = seenAt(500, () => late!.inspect());
    const { since, age } = seen();
    expect([since, age]).toEqual([200, 300]);
  });

  it('is plain data', () => {
    server.reader.consume(lines(), () => NEVER).subscribe();
    client.writer.write('a\nb\n');
    const snapshot = server.inspect();
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  });

  it('counts bytes of text and of arrays, read or not, on both sides', () => {
    client.writer.write('grüße');
    client.writer.write(new Uint8Array(4));
    server.reader.readExactly(3).subscribe();
    expect(client.inspect().bytesWritten).toBe(11);
    expect(server.inspect().bytesRead).toBe(11);
    expect(server.inspect().read.buffered).toBe(8);
  });

  it('shows both sides while they stand still, and how often and how long they did', () => {
    after(100, () => client.writer.write('x'.repeat(30)));
    after(100, () => client.writer.write('x'.repeat(30)));
    const during = seenAt(350, () => [client.inspect().write, server.inspect().read]);
    after(400, () => server.reader.readExactly(60).subscribe());
    const afterwards = seenAt(900, () => [client.inspect().write, server.inspect().read]);
    expect(during()).toEqual([
      jasmine.objectContaining({ queued: 30, paused: true, pausedFor: 250, pauses: 1, pausedInAll: 250 }),
      jasmine.objectContaining({ buffered: 30, paused: true, pausedFor: 250, pauses: 1, pausedInAll: 250 }),
    ]);
    expect(afterwards()).toEqual([
      jasmine.objectContaining({ queued: 0, paused: false, pausedFor: 0, pauses: 1, pausedInAll: 300 }),
      jasmine.objectContaining({ buffered: 0, paused: false, pausedFor: 0, pauses: 1, pausedInAll: 300 }),
    ]);
  });

  it('shows which read waits for what, and which wait for their turn', () => {
    after(100, () => server.reader.readUntil('\r\n').subscribe());
    after(150, () => server.reader.readExactly(5).subscribe());
    const seen = seenAt(300, () => server.inspect().read);
    expect(seen().reads).toEqual([
      { verb: 'readUntil', argument: '\r\n', waitsFor: 'bytes', for: 200 },
      { verb: 'readExactly', argument: 5, waitsFor: 'turn', for: 150 },
    ]);
  });

  const named: [read: (connection: Connection) => Observable<unknown>, verb: string, argument?: unknown][] = [
    [({ reader }) => reader.read(), 'read', -1],
    [({ reader }) => reader.read(7), 'read', 7],
    [({ reader }) => reader.read('utf-8'), 'read'],
    [({ reader }) => reader.readExactly(7), 'readExactly', 7],
    [({ reader }) => reader.readUntil(), 'readUntil', '\n'],
    [({ reader }) => reader.readUntil(['a', 'b'], 'ascii'), 'readUntil', ['a', 'b']],
    [({ reader }) => reader.readLine(), 'readLine'],
    [({ reader }) => reader.readFrame(lines()), 'readFrame'],
    [({ reader }) => reader.chunks(), 'chunks'],
    [({ reader }) => reader.frames(lines()), 'frames'],
    [({ reader }) => reader.lines(), 'lines'],
    [({ reader }) => reader.consume(lines(), () => undefined), 'consume'],
    [({ reader }) => reader.consume(lines(), () => undefined, 3), 'consume'],
    [({ reader }) => reader.pipeTo(client.writer), 'pipeTo'],
    [(connection) => framed(connection, json()), 'framed'],
  ];
  it('names each read, and what it was given', () => {
    for (const [read, verb, argument] of named) {
      const [, connection] = connectionPair({ scheduler: time });
      read(connection).subscribe();
      const [first] = connection.inspect().read.reads;
      expect([first?.verb, first?.argument]).withContext(String(read)).toEqual([verb, argument]);
    }
  });

  it('shows the first ten of many reads, and how many there are', () => {
    for (let i = 0; i < 1000; i++) server.reader.readLine().subscribe();
    const { pendingReads, reads } = server.inspect().read;
    expect([pendingReads, reads.length]).toEqual([1000, 10]);
  });

  it('shows the work of consume, the oldest first', () => {
    const work$ = [timer(1000, time), timer(200, time), timer(1000, time)];
    server.reader.consume(lines(), (line) => work$[Number(line)], 3).subscribe();
    after(100, () => client.writer.write('0\n1\n'));
    after(150, () => client.writer.write('2\n'));
    const three = seenAt(160, () => server.inspect().read.reads);
    const two = seenAt(400, () => server.inspect().read.reads);
    expect(three()).toEqual([
      {
        verb: 'consume',
        waitsFor: 'work',
        for: 160,
        work: [
          { frame: 1, for: 60 },
          { frame: 2, for: 60 },
          { frame: 3, for: 10 },
        ],
      },
    ]);
    expect(two()).toEqual([
      jasmine.objectContaining({
        waitsFor: 'bytes',
        work: [
          { frame: 1, for: 300 },
          { frame: 3, for: 250 },
        ],
      }),
    ]);
  });

  it('shows nothing of work that is done at once', () => {
    server.reader.consume(lines(), (line) => [line]).subscribe();
    client.writer.write('a\nb\n');
    expect(server.inspect().read.reads).toEqual([{ verb: 'consume', waitsFor: 'bytes', for: 0, work: [] }]);
  });

  it('shows the writer that pipeTo waits for', () => {
    const [near, far] = connectionPair({ scheduler: time, limit: 1, highWaterMark: 3, lowWaterMark: 0 });
    server.reader.pipeTo(near.writer).subscribe();
    after(100, () => client.writer.write('abcdefgh'));
    after(100, () => client.writer.write('ijklmnop'));
    const seen = seenAt(300, () => server.inspect().read);
    expect(seen().reads).toEqual([
      {
        verb: 'pipeTo',
        waitsFor: 'writer',
        for: 300,
        writer: {
          queued: 8,
          highWaterMark: 3,
          lowWaterMark: 0,
          paused: true,
          pausedFor: 200,
          pauses: 1,
          pausedInAll: 200,
        },
      },
    ]);
    expect(far.inspect().read.buffered).toBe(8);
  });

  it('shows framed as what holds the reader', () => {
    framed(server, json()).subscribe();
    expect(server.inspect().read.reads.map(({ verb }) => verb)).toEqual(['framed']);
  });

  it('shows what a connection that is not served waits for', () => {
    const [, second] = connectionPair({ scheduler: time });
    const source$ = new Subject<Connection>();
    source$.pipe(serve(() => NEVER, { concurrency: 1, scheduler: time })).subscribe();
    source$.next(server);
    source$.next(second);
    expect(second.inspect().waitsFor).toBe('one of the 1 places of serve');
    expect(server.inspect().waitsFor).toBeUndefined();
  });

  it('shows the phases, and what has ended a connection', () => {
    client.writer.writeEof();
    expect([client.inspect().phase, server.inspect().read.state]).toEqual(['ended', 'ended']);
    server.writer.write('held');
    server.writer.abort(new Error('enough'));
    const { phase, error, read } = server.inspect();
    expect([phase, error?.message, read.state]).toEqual([
      'gone',
      'The connection was aborted by this side',
      'ended',
    ]);
    expect(client.inspect().error).toEqual(jasmine.objectContaining({ code: 'ERR_CONNECTION_LOST' }));
  });

  it('shows all of it in one line to console.log', () => {
    server.reader.readUntil('\n').subscribe();
    after(100, () => client.writer.write('half one'));
    const inspected = (connection: Connection): string =>
      (connection as unknown as Record<symbol, () => string>)[Symbol.for('nodejs.util.inspect.custom')]!();
    const seen = seenAt(1500, () => [inspected(server), inspected(client)]);
    expect(seen()).toEqual([
      'Connection { open, 1.5 s old; 8 bytes read (8 buffered); 0 written (0 queued); readUntil waits for bytes }',
      'Connection { open, 1.5 s old; 0 bytes read (0 buffered); 8 written (0 queued) }',
    ]);
  });

  it('shows in the line who is paused, what it waits for, and the first of the reads', () => {
    server.reader.consume(lines(), () => NEVER).subscribe();
    client.reader.readLine().subscribe();
    client.reader.readLine().subscribe();
    after(0, () => client.writer.write('a\n'));
    after(250, () => client.writer.write('x'.repeat(30)));
    after(500, () => client.writer.write('x'.repeat(30)));
    server.core.waits('a place');
    const seen = seenAt(1500, () => [server, client].map((one) => snapshotLine(one.inspect())));
    expect(seen()).toEqual([
      'Connection { open, 1.5 s old; 32 bytes read (30 buffered, paused for 1.25 s); 0 written (0 queued); consume waits for work; waits for a place }',
      'Connection { open, 1.5 s old; 0 bytes read (0 buffered); 62 written (30 queued, paused for 1 s); readLine waits for bytes }',
    ]);
  });

  it('shows in the line what has ended the connection', () => {
    client.writer.close();
    expect(snapshotLine(client.inspect())).toBe(
      'Connection { gone, 0 s old; 0 bytes read (0 buffered); 0 written (0 queued); The connection was closed by this side }',
    );
  });
});
