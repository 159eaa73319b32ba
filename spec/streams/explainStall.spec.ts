import {
  Connection,
  connectionPair,
  converse,
  explainStall,
  fixedLength,
  framed,
  json,
  lines,
  RateLimit,
  reconnecting,
  sendAll,
  serve,
  useConnection,
  type ConnectionOptions,
  type StallExplanation,
} from '../../src/index.js';
import {
  concat,
  concatMap,
  defer,
  delay,
  EMPTY,
  interval,
  map,
  merge,
  NEVER,
  of,
  Subject,
  take,
  timer,
  VirtualTimeScheduler,
  type Observable,
} from 'rxjs';
import { BareTransport } from './BareTransport.js';

describe('explainStall', () => {
  let time: VirtualTimeScheduler;
  let client: Connection;
  let server: Connection;
  let proxyIn: Connection;
  let proxyOut: Connection;
  let target: Connection;

  beforeEach(() => {
    time = new VirtualTimeScheduler();
    const options: ConnectionOptions = { scheduler: time, limit: 100, highWaterMark: 100, lowWaterMark: 10 };
    [client, server] = connectionPair(options);
    // client ─▶ proxyIn ═ the proxy ═ proxyOut ─▶ target
    [client, proxyIn] = connectionPair(options);
    [proxyOut, target] = connectionPair(options);
    server = proxyIn;
  });

  /** What is said of a connection after so many milliseconds. */
  function explainedAt(milliseconds: number, connection: Connection): StallExplanation {
    let said: StallExplanation | undefined;
    time.schedule(() => (said = explainStall(connection)), milliseconds);
    time.maxFrames = milliseconds;
    time.flush();
    return said!;
  }

  function flood(writer: Connection['writer']): void {
    for (let i = 0; i < 10; i++) writer.write(`line ${i} ${'.'.repeat(52)}\n`);
  }

  describe('finds', () => {
    it('the work on a frame that does not end', () => {
      server.reader.consume(lines(), (line) => (line === 'three' ? NEVER : undefined)).subscribe();
      client.writer.write('one\ntwo\nthree\nfour\n');
      expect(explainedAt(4200, server)).toEqual({
        cause: 'work',
        for: 4200,
        message: "the handler's work on frame 3 has been running for 4.2 s; 5 bytes are buffered",
      });
    });

    it('the work on a frame, where it has filled the reader and stopped the peer', () => {
      server.reader.consume(lines(), () => NEVER).subscribe();
      flood(client.writer);
      expect(explainedAt(2000, server).message).toMatch(
        /^the handler's work on frame 1 has been running for 2\.0 s; [\d,]+ bytes are buffered; the transport is paused$/,
      );
    });

    it('the oldest of several works, once there is no room for more', () => {
      const milliseconds: Record<string, number> = { a: 60_000, b: 50, c: 30_000 };
      server.reader.consume(lines(), (line) => timer(milliseconds[line]!, time), 2).subscribe();
      client.writer.write('a\nb\nc\nd\n');
      expect(explainedAt(20_000, server).message).toBe(
        "the handler's work on frame 1 has been running for 20.0 s; 2 bytes are buffered",
      );
    });

    it('bytes that nobody reads, also after a first read', () => {
      server.reader.readLine().subscribe();
      client.writer.write('one\ntwo\n');
      expect(explainedAt(3000, server)).toEqual({
        cause: 'reader',
        for: 3000,
        message: 'nobody has read for 3.0 s: 4 bytes wait',
      });
    });

    it('bytes that nobody reads, where they have stopped the peer', () => {
      flood(client.writer);
      flood(client.writer);
      expect(explainedAt(3000, server).message).toBe(
        'nobody has read for 3.0 s: 240 bytes wait; the transport is paused',
      );
      expect(explainStall(client).message).toMatch(
        /^the peer has taken nothing for 3\.0 s: [\d,]+ bytes are queued$/,
      );
    });

    it('a line without its end', () => {
      server.reader.readUntil('\r\n').subscribe();
      client.writer.write('half');
      time.schedule(() => client.writer.write(' of it'), 1000);
      expect(explainedAt(3500, server)).toEqual({
        cause: 'frame',
        for: 2500,
        message: 'readUntil("\\r\\n") has waited 2.5 s for the rest: 10 bytes have come so far',
      });
    });

    it('a block that is not whole, and the reads that wait for it', () => {
      server.reader.readExactly(1000).subscribe();
      server.reader.readLine().subscribe();
      server.reader.readLine().subscribe();
      client.writer.write('x'.repeat(999));
      expect(explainedAt(1000, server).message).toBe(
        'readExactly(1000) has waited 1.0 s for the rest: 999 bytes have come so far; 2 reads more wait for their turn',
      );
    });

    it('half a frame of a continuous read', () => {
      server.reader.frames(fixedLength(8)).subscribe();
      client.writer.write('12345678abc');
      expect(explainedAt(1000, server).message).toBe(
        'frames() has waited 1.0 s for the rest: 3 bytes have come so far',
      );
    });

    it('a peer that does not take what is written', () => {
      // What the peer has in its reader is taken; the rest is not.
      flood(server.writer);
      flood(server.writer);
      const { cause, message } = explainedAt(5000, server);
      expect(cause).toBe('peer');
      expect(message).toMatch(/^the peer has taken nothing for 5\.0 s: [\d,]+ bytes are queued$/);
    });

    it('a close that waits for the peer', () => {
      flood(server.writer);
      flood(server.writer);
      time.schedule(() => server.writer.close(), 2000);
      expect(explainedAt(5000, server)).toEqual({
        cause: 'peer',
        for: 3000,
        message: jasmine.stringMatching(
          /^the peer has taken nothing for 3\.0 s: [\d,]+ bytes are queued, and the close waits for them$/,
        ) as unknown as string,
      });
    });

    it('the far end of a proxy, from its near end', () => {
      proxyIn.reader.pipeTo(proxyOut.writer).subscribe();
      for (let i = 0; i < 3; i++) flood(client.writer);
      const { cause, message } = explainedAt(4000, proxyIn);
      expect(cause).toBe('peer');
      expect(message).toMatch(
        /^the peer has taken nothing for 4\.0 s: [\d,]+ bytes are queued; pipeTo waits for room in its writer; [\d,]+ bytes are buffered; the transport is paused$/,
      );
    });

    it('the work at the end of three pipes', () => {
      const [secondIn, secondOut] = connectionPair({ scheduler: time, limit: 100, highWaterMark: 100 });
      proxyIn.reader.pipeTo(proxyOut.writer).subscribe();
      target.reader.pipeTo(secondIn.writer).subscribe();
      secondOut.reader.consume(lines(), () => NEVER).subscribe();
      for (let i = 0; i < 3; i++) flood(client.writer);
      time.schedule(() => {
        for (let i = 0; i < 5; i++) flood(client.writer);
      }, 100);
      // Its peer is in this process, but on the other side of a connection: there one has to ask again.
      expect(explainedAt(4000, proxyIn).cause).toBe('peer');
      expect(explainStall(target).cause).toBe('peer');
      expect(explainStall(secondOut).cause).toBe('work');
    });

    it('what holds up a pipe that comes from elsewhere', () => {
      // The client of a proxy gets nothing, as the source of the pipe stopped in the middle of a frame.
      proxyOut.reader.pipeTo(proxyIn.writer).subscribe();
      proxyOut.core.waits('one of the 1 places of serve');
      expect(explainedAt(4000, proxyIn).message).toBe(
        'it has waited 4.0 s for one of the 1 places of serve; so nothing is piped to this connection',
      );
    });

    it('a place of serve that is missing', () => {
      const source$ = new Subject<Connection>();
      source$.pipe(serve(() => NEVER, { concurrency: 1, scheduler: time })).subscribe();
      source$.next(target);
      source$.next(server);
      client.writer.write('hello\n');
      expect(explainedAt(1500, server)).toEqual({
        cause: 'place',
        for: 1500,
        message: 'it has waited 1.5 s for one of the 1 places of serve',
      });
    });

    it('a rate that lets nothing pass, of a pipe and of reading', () => {
      const rate = new RateLimit({ bytesPerSecond: 0, scheduler: time });
      proxyIn.reader.pipeTo(proxyOut.writer, { rate }).subscribe();
      client.writer.write('hello');
      const [source, limited] = connectionPair({ scheduler: time, readRate: rate });
      limited.reader.readLine().subscribe();
      source.writer.write('hello');
      expect(explainedAt(4000, proxyIn)).toEqual({
        cause: 'rate',
        for: 4000,
        message: 'the rate of pipeTo has let nothing pass for 4.0 s; 5 bytes are buffered',
      });
      expect(explainStall(limited)).toEqual({
        cause: 'rate',
        for: 4000,
        message: 'the readRate has let nothing pass for 4.0 s',
      });
    });

    it('a step of a conversation that does not end', () => {
      converse(function* (io) {
        yield* io.line();
        yield* io.wait(NEVER);
      })(server).subscribe();
      time.schedule(() => client.writer.write('go\nand more\n'), 500);
      expect(explainedAt(4700, server)).toEqual({
        cause: 'work',
        for: 4200,
        message:
          'a step of the conversation has waited 4.2 s for something else than bytes; 9 bytes are buffered',
      });
    });

    it('a consumer of framed that does not end', () => {
      framed(server, json())
        .consume(() => NEVER)
        .subscribe();
      client.writer.write('1\n2\n3\n');
      expect(explainedAt(2000, server).cause).toBe('work');
    });

    it('a circle of pipes, without going round in it', () => {
      proxyIn.reader.pipeTo(proxyOut.writer).subscribe();
      proxyOut.reader.pipeTo(proxyIn.writer).subscribe();
      for (let i = 0; i < 3; i++) {
        flood(client.writer);
        flood(target.writer);
      }
      expect(explainedAt(4000, proxyIn).cause).toBe('peer');
      expect(explainStall(proxyOut).cause).toBe('peer');
    });
  });

  describe('blames nobody', () => {
    function expectNobody(...connections: Connection[]): void {
      const said: StallExplanation[] = [];
      for (const milliseconds of [1, 999, 1700, 2500])
        time.schedule(() => said.push(...connections.map((one) => explainStall(one))), milliseconds);
      time.maxFrames = 2500;
      time.flush();
      expect(said.map(({ cause, for: since }) => [cause, since]))
        .withContext(said.map(({ message }) => message).join('\n'))
        .toEqual(said.map(() => ['nobody', 0]));
      expect(said.length).toBe(4 * connections.length);
      for (const { message } of said) expect(message).toMatch(/^nothing stands still/);
    }

    it('where nothing has happened', () => {
      expectNobody(server);
      expect(explainStall(server).message).toBe('nothing stands still');
    });

    it('where a read waits for a peer that is idle', () => {
      server.reader.readLine().subscribe();
      expectNobody(server);
      expect(explainStall(server).message).toBe(
        'nothing stands still: readLine() waits for the peer to send',
      );
    });

    it('where an echo is idle', () => {
      server.reader.pipeTo(server.writer).subscribe();
      client.reader.lines().subscribe();
      client.writer.write('hello\n');
      expectNobody(server);
    });

    it('where each frame takes a while, and the peer is faster', () => {
      server.reader.consume(lines(), () => timer(300, time)).subscribe();
      for (let i = 0; i < 3; i++) flood(client.writer);
      expectNobody(server);
    });

    it('where a peer takes little by little', () => {
      server.writer.write('x'.repeat(500));
      server.writer.write('x'.repeat(500));
      client.reader.consume(fixedLength(50), () => timer(200, time)).subscribe();
      expectNobody(server);
    });

    it('where bytes of a large block keep coming', () => {
      server.reader.readExactly(10_000).subscribe();
      interval(500, time).subscribe(() => client.writer.write('some'));
      expectNobody(server);
    });

    it('where reads follow each other with work between them', () => {
      const readOn$ = defer(() => server.reader.readLine()).pipe(
        concatMap((line) => (line.length === 0 ? EMPTY : timer(400, time))),
      );
      concat(...Array.from({ length: 20 }, () => readOn$)).subscribe();
      flood(client.writer);
      expectNobody(server);
    });

    it('where a proxy carries a slow stream both ways', () => {
      proxyIn.reader.pipeTo(proxyOut.writer).subscribe();
      proxyOut.reader.pipeTo(proxyIn.writer).subscribe();
      target.reader
        .consume(lines(), (line) => timer(300, time).pipe(map(() => target.writer.write(line))))
        .subscribe();
      client.reader.chunks().subscribe();
      for (let i = 0; i < 5; i++) flood(client.writer);
      expectNobody(client, proxyIn, proxyOut, target);
    });

    it('where much is sent with sendAll to a slow peer', () => {
      sendAll(
        server.writer,
        Array.from({ length: 100 }, (_, i) => `line ${i}\n`),
      ).subscribe();
      client.reader.consume(lines(), () => of(0).pipe(delay(20, time))).subscribe();
      expectNobody(server);
    });

    it('where a rate is slow, but lets bytes pass', () => {
      const rate = new RateLimit({ bytesPerSecond: 10, burst: 2, scheduler: time });
      proxyIn.reader.pipeTo(proxyOut.writer, { rate }).subscribe();
      flood(client.writer);
      const [source, limited] = connectionPair({
        scheduler: time,
        readRate: () => new RateLimit({ bytesPerSecond: 10, burst: 2, scheduler: time }),
      });
      limited.reader.chunks().subscribe();
      flood(source.writer);
      expectNobody(proxyIn, limited);
    });

    it('where a conversation waits for its peer', () => {
      converse(function* (io) {
        for (;;) {
          const line = yield* io.line();
          yield* io.delay(200);
          io.write(`${line}\n`);
        }
      })(server).subscribe({ error: () => undefined });
      client.writer.write('a\nb\n');
      expectNobody(server);
    });

    it('where a connection is served, and its handler waits for nobody', () => {
      const source$ = new Subject<Connection>();
      source$.pipe(serve(({ reader }) => merge(reader.lines(), NEVER), { scheduler: time })).subscribe();
      source$.next(server);
      client.writer.write('a\n');
      expectNobody(server);
    });

    it('where frames that are read ahead are worked on at the same time', () => {
      server.reader.consume(lines(), () => timer(900, time), 3).subscribe();
      flood(client.writer);
      expectNobody(server);
    });

    it('where a client that reconnects uses it', () => {
      reconnecting(of(server), ({ reader }) => reader.lines().pipe(take(2)), { scheduler: time }).subscribe();
      client.writer.write('a\n');
      expectNobody(server);
    });

    it('where a pipe has nothing to carry, whatever holds up the writer', () => {
      proxyIn.reader.pipeTo(proxyOut.writer).subscribe();
      flood(proxyOut.writer);
      flood(proxyOut.writer);
      expectNobody(proxyIn);
      expect(explainStall(proxyOut).cause).toBe('peer');
    });

    it('where a pipe that is no more would have been held up', () => {
      const pipe = proxyOut.reader.pipeTo(proxyIn.writer).subscribe();
      proxyOut.core.waits('one of the 1 places of serve');
      pipe.unsubscribe();
      expectNobody(proxyIn);
    });

    it('where little is queued, or nothing any more while it closes', () => {
      const little = new BareTransport();
      const nothing = new BareTransport();
      const [open, closing] = [little, nothing].map(
        (transport) => new Connection(transport, { scheduler: time, highWaterMark: 100 }),
      );
      little.writeQueueSize = 5;
      open!.writer.write('12345');
      closing!.writer.close();
      expectNobody(open!, closing!);
    });

    it('where the connection is gone, and bytes are left that nobody reads', () => {
      client.writer.write('unread');
      client.writer.abort();
      expectNobody(server);
      expect(server.reader.bufferedBytes).toBe(6);
      expect(explainStall(server).message).toBe(
        'nothing stands still: The connection was lost: read ECONNRESET',
      );
    });

    it('where the connection is gone', () => {
      of(server)
        .pipe(useConnection(() => EMPTY))
        .subscribe();
      client.writer.close();
      expectNobody(server);
      expect(explainStall(server).message).toBe(
        'nothing stands still: The connection was closed by this side',
      );
    });
  });

  it('names the peer where it is known', () => {
    Object.assign(server.writer.transport, {
      getExtraInfo: (name: string) =>
        name === 'peername' ? { address: '192.0.2.1', family: 'IPv4', port: 4711 } : undefined,
    });
    flood(server.writer);
    flood(server.writer);
    expect(explainedAt(5000, server).message).toContain('the peer 192.0.2.1:4711 has taken nothing');
  });

  describe('says', () => {
    /** A connection on a transport that does nothing by itself. */
    function bare(peername?: unknown): { connection: Connection; transport: BareTransport } {
      const transport = new BareTransport();
      Object.assign(transport, {
        getExtraInfo: (name: string) => (name === 'peername' ? peername : undefined),
      });
      return { connection: new Connection(transport, { scheduler: time, highWaterMark: 0 }), transport };
    }

    function queue(bytes: number, { connection, transport }: ReturnType<typeof bare>): Connection {
      transport.writeQueueSize = bytes;
      connection.writer.write('x');
      return connection;
    }

    it('one byte, one read, in the singular', () => {
      const one = bare();
      const said: string[] = [];
      const say = (): void => void said.push(explainStall(one.connection).message);
      const at = (seconds: number, act: () => void): void => void time.schedule(act, seconds * 1000);
      at(0, () => one.transport.receiver.data(Uint8Array.of(1)));
      at(1, say);
      at(1, () => one.connection.reader.readExactly(2).subscribe());
      at(2, say);
      at(2, () => one.connection.reader.readLine().subscribe());
      at(3, say);
      const consuming = bare();
      consuming.connection.reader.consume(fixedLength(1), () => NEVER).subscribe();
      at(0, () => consuming.transport.receiver.data(Uint8Array.of(1, 2)));
      at(4, () => said.push(explainStall(consuming.connection).message));
      time.flush();
      expect(said).toEqual([
        'nobody has read for 1.0 s: 1 byte waits',
        'readExactly(2) has waited 1.0 s for the rest: 1 byte has come so far',
        'readExactly(2) has waited 1.0 s for the rest: 1 byte has come so far; 1 read more waits for its turn',
        "the handler's work on frame 1 has been running for 4.0 s; 1 byte is buffered",
      ]);
    });

    it('one byte queued, and the close that waits for it, in the singular', () => {
      const one = bare();
      queue(1, one);
      expect(explainedAt(1000, one.connection).message).toBe(
        'the peer has taken nothing for 1.0 s: 1 byte is queued',
      );
      one.connection.writer.close();
      expect(explainStall(one.connection, { after: 0 }).message).toBe(
        'the peer has taken nothing for 0.0 s: 1 byte is queued, and the close waits for it',
      );
    });

    it('since when a close waits that was not paused before', () => {
      const { connection, transport } = bare();
      transport.writeQueueSize = 5;
      time.schedule(() => connection.writer.close(), 500);
      expect(explainedAt(2000, connection)).toEqual({
        cause: 'peer',
        for: 1500,
        message: 'the peer has taken nothing for 1.5 s: 5 bytes are queued, and the close waits for them',
      });
    });

    it('what has no room for another frame, and no work either', () => {
      const { connection, transport } = bare();
      const until = new Subject<void>();
      const said: string[] = [];
      const project = (): void => {
        until.next();
        said.push(explainStall(connection, { after: 0 }).message);
      };
      connection.reader.consume(fixedLength(1), project, { until }).subscribe();
      transport.receiver.data(Uint8Array.of(1, 2));
      expect(said).toEqual(['consume() has waited 0.0 s for something else than bytes; 1 byte is buffered']);
    });

    it('who the peer is, as far as that is known', () => {
      const peers: [peername: unknown, text: string][] = [
        [undefined, 'the peer'],
        [{ address: '', family: 'Unix', port: 0 }, 'the peer'],
        [{ address: '/run/x.sock', family: 'Unix', port: 0 }, 'the peer /run/x.sock'],
        [{ address: '192.0.2.1', family: 'IPv4', port: 4711 }, 'the peer 192.0.2.1:4711'],
      ];
      for (const [peername, text] of peers) {
        const connection = queue(12_345, bare(peername));
        expect(explainStall(connection, { after: 0 }).message).toBe(
          `${text} has taken nothing for 0.0 s: 12,345 bytes are queued`,
        );
      }
    });

    it('what a read was given: a short text and a number, and of all else only that it was something', () => {
      const reads: [read: (connection: Connection) => Observable<unknown>, text: string][] = [
        [({ reader }) => reader.readUntil('\r\n'), 'readUntil("\\r\\n")'],
        [({ reader }) => reader.readUntil('x'.repeat(60)), `readUntil("${'x'.repeat(39)}…)`],
        [({ reader }) => reader.readUntil(['a', 'b']), 'readUntil(…)'],
        [({ reader }) => reader.read(7), 'read(7)'],
        [({ reader }) => reader.lines(), 'lines()'],
      ];
      for (const [read, text] of reads) {
        const { connection } = bare();
        read(connection).subscribe();
        expect(explainStall(connection).message).toBe(
          `nothing stands still: ${text} waits for the peer to send`,
        );
      }
    });

    it('nothing of a read that has a part of what it waits for, or waits for its work, before its time', () => {
      const part = bare();
      part.connection.reader.readExactly(2).subscribe();
      const work = bare();
      work.connection.reader.consume(fixedLength(1), () => NEVER).subscribe();
      for (const { connection, transport } of [part, work]) {
        transport.receiver.data(Uint8Array.of(1));
        expect(explainStall(connection).message).toBe('nothing stands still');
      }
    });
  });

  it('takes what is a stall from the caller', () => {
    server.reader.consume(lines(), () => NEVER).subscribe();
    client.writer.write('a\n');
    explainedAt(50, server);
    expect(explainStall(server, { after: 51 }).cause).toBe('nobody');
    expect(explainStall(server, { after: 50 }).cause).toBe('work');
  });

  it('throws for arguments that are none', () => {
    expect(() => explainStall(server.reader as unknown as Connection)).toThrowError(
      TypeError,
      /connection must be a Connection/,
    );
    expect(() => explainStall(server, { after: -1 })).toThrowError(RangeError, /after must be/);
    expect(() => explainStall(server, 5 as never)).toThrowError(TypeError, /options must be an object/);
  });
});
