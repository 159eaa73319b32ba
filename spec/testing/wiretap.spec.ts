import { concatMap, delay, map, of, tap, toArray, VirtualTimeScheduler, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { Connection } from '../../src/streams/Connection.js';
import type { Data } from '../../src/bytes/Separator.js';
import { marbleConnection } from '../../src/testing/marbleConnection.js';
import { Recording, type WireEvent } from '../../src/testing/Recording.js';
import { scriptedConnection, type ScriptStep } from '../../src/testing/scriptedConnection.js';
import { wiretap } from '../../src/testing/wiretap.js';
import { connectionPair } from '../../src/transports/memory/connectionPair.js';
import { MemoryTransport } from '../../src/transports/memory/MemoryTransport.js';
import { reportsOf } from '../contracts/reports.js';
import { contractSpecs } from '../contracts/contractSpecs.js';
import { bytes, record, text } from '../streams/record.js';

// The code under test: greets, asks three things, ends.
function client({ reader, writer }: Connection): Observable<string> {
  return reader.lines().pipe(
    tap((line) => {
      const [, number = '0'] = line.split(' ');
      if (Number(number) < 3) writer.write(`ASK ${Number(number) + 1}\n`);
      else writer.writeEof();
    }),
  );
}

// Its peer answers after 7 ms.
function serve({ reader, writer }: Connection, scheduler: VirtualTimeScheduler): void {
  writer.write('HELLO\n');
  reader
    .lines()
    .pipe(concatMap((line) => of(line).pipe(delay(7, scheduler))))
    .subscribe({
      next: (line) => {
        writer.write('ANS');
        writer.write(`${line.slice(3)}\n`);
      },
      complete: () => writer.writeEof(),
    });
}

function recordDialogue(): { recording: Recording; lines: string[] } {
  const scheduler = new VirtualTimeScheduler();
  const recording = new Recording();
  const [near, far] = MemoryTransport.pair();
  const connection = new Connection(near, { wrap: wiretap(recording, { scheduler }) });
  const { log } = record(client(connection));
  serve(new Connection(far), scheduler);
  scheduler.flush();
  return { recording, lines: log };
}

const ANSWERS = ['HELLO', 'ANS 1', 'ANS 2', 'ANS 3', '|'];

contractSpecs(
  'MemoryTransport with a wiretap on either end',
  () => {
    const [one, other] = MemoryTransport.pair();
    return [wiretap(() => undefined)(one), wiretap(() => undefined)(other)];
  },
  { reportsThrows: true },
);

describe('wiretap', () => {
  it('records what crosses, in order, with times, and changes nothing', () => {
    const { recording, lines } = recordDialogue();
    expect(lines).toEqual(ANSWERS);
    expect(recording.events.map(show)).toEqual([
      '0 received HELLO\n',
      '0 sent ASK 1\n',
      '7 received ANS',
      '7 received  1\n',
      '7 sent ASK 2\n',
      '14 received ANS',
      '14 received  2\n',
      '14 sent ASK 3\n',
      '21 received ANS',
      '21 received  3\n',
      '21 writeEof',
      '21 eof',
      '21 closed',
    ]);
  });

  it('records pause and resume, close, abort and loss', () => {
    const [near, far] = MemoryTransport.pair();
    const events: WireEvent[] = [];
    const one = new Connection(near, { limit: 2, wrap: wiretap((event) => events.push(event)) });
    const other = new Connection(far);
    other.writer.write('abcde');
    record(one.reader.readExactly(4));
    one.writer.close();
    other.writer.close();
    expect(events.map(({ type }) => type)).toEqual(['received', 'pause', 'resume', 'close', 'closed']);
    expect(events.at(-1)).not.toEqual(jasmine.objectContaining({ error: jasmine.anything() }));

    const aborted = new Recording();
    const lost = new Recording();
    const [third, fourth] = MemoryTransport.pair();
    const aborter = new Connection(third, { wrap: wiretap(aborted) });
    const loser = new Connection(fourth, { wrap: wiretap(lost) });
    record(loser.reader.read(1));
    aborter.writer.abort('enough');
    expect(aborted.events.map(({ type, error }) => [type, error])).toEqual([
      ['abort', 'enough'],
      ['closed', 'enough'],
    ]);
    expect(lost.events.map(({ type, error }) => [type, (error as { code?: string }).code])).toEqual([
      ['closed', 'ECONNRESET'],
    ]);
  });

  it('is put in place before anything uses the transport, for both ends of a pair', () => {
    const taps: WireEvent['type'][][] = [];
    const [one, other] = connectionPair({
      wrap: (transport) => {
        const types: WireEvent['type'][] = [];
        taps.push(types);
        return wiretap(({ type }) => types.push(type))(transport);
      },
    });
    one.writer.write('a');
    other.writer.writeEof();
    expect(taps).toEqual([
      ['sent', 'eof'],
      ['received', 'writeEof'],
    ]);
    expect(one.writer.canWriteEof()).toBeTrue();
    expect(one.writer.getExtraInfo('peername', undefined)).toBeUndefined();
    expect(one.writer.transport.writeQueueSize).toBe(0);
  });

  it('keeps a copy: what becomes of the bytes afterwards does not matter', () => {
    const recording = new Recording();
    const { writer } = scriptedConnection([{ expect: 'abc' }], { wrap: wiretap(recording) });
    const data = bytes('abc');
    writer.write(data);
    data.fill(0);
    expect(recording.events.map(show)).toEqual([jasmine.stringMatching(/sent abc$/)]);
  });

  it('takes its time from asyncScheduler, which is virtual in TestScheduler.run', () => {
    new TestScheduler(() => undefined).run((helpers) => {
      const recording = new Recording();
      marbleConnection(helpers, { incoming: '--a--|', wrap: wiretap(recording) });
      helpers.flush();
      expect(recording.events.map(show)).toEqual(['2 received a', '5 eof']);
    });
  });
});

describe('A listener of a wiretap that throws', () => {
  it('loses nothing, and is reported each time', async () => {
    const [one, other] = MemoryTransport.pair();
    const types: WireEvent['type'][] = [];
    const lines: string[] = [];
    const reports = await reportsOf(() => {
      const wrap = wiretap(({ type }) => {
        types.push(type);
        throw new Error(type);
      });
      const { reader, writer } = new Connection(one, { wrap });
      const peer = new Connection(other);
      reader.lines().subscribe((line) => writer.write(`${line}!\n`));
      peer.reader.lines().subscribe((line) => lines.push(line));
      peer.writer.write('hello\n');
      writer.close();
      peer.writer.close();
    });
    expect(lines).toEqual(['hello!']);
    expect(types).toEqual(['received', 'sent', 'close', 'closed']);
    expect(reports).toEqual(types.map((type) => new Error(type)));
  });
});

describe('Recording', () => {
  it('survives JSON: text as text, other bytes as hex, errors by name, message and code', () => {
    const lossError = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const every = Uint8Array.from({ length: 256 }, (_, i) => i);
    const recording = new Recording([
      { at: 0, type: 'received', data: bytes('grün\r\n\t') },
      { at: 1, type: 'received', data: bytes('<00 01>') },
      { at: 1.5, type: 'sent', data: every },
      { at: 2, type: 'received', data: bytes('\ufeffBOM\0') },
      { at: 2, type: 'pause' },
      { at: 3, type: 'abort', error: 'enough' },
      { at: 4, type: 'closed', error: lossError },
    ]);
    const json = JSON.stringify(recording);
    expect(json).toContain('{"at":0,"type":"received","text":"grün\\r\\n\\t"}');
    expect(json).toContain('"hex":"00 01 02');
    expect(json).toContain(
      '{"at":4,"type":"closed","error":{"name":"Error","message":"read ECONNRESET","code":"ECONNRESET"}}',
    );
    for (const again of [Recording.fromJSON(json), Recording.fromJSON(recording.toJSON())]) {
      expect(again.events).toEqual(recording.events);
      expect(again.toJSON()).toEqual(recording.toJSON());
    }
  });

  it('refuses JSON that is no recording', () => {
    expect(() => Recording.fromJSON('{')).toThrowError(SyntaxError);
    expect(() => Recording.fromJSON('{"events":[]}')).toThrowError(TypeError, /version 1/);
    expect(() => Recording.fromJSON({ version: 1, events: [{ at: 0, type: 'send' }] })).toThrowError(
      TypeError,
      /\{"at":0,"type":"send"\}/,
    );
  });

  it('becomes a script that the same code passes, with the same result', () => {
    const { recording, lines } = recordDialogue();
    const stored = Recording.fromJSON(JSON.stringify(recording));
    const scheduler = new VirtualTimeScheduler();
    const timed = scriptedConnection(stored.toScript(), { scheduler });
    const again = new Recording();
    const [{ log }, rerun] = [record(client(timed)), wiretapped(stored.toScript({ waits: false }), again)];
    expect(log).toEqual(['HELLO']);
    scheduler.flush();
    timed.done();
    expect(scheduler.now()).toBe(21);
    expect(log).toEqual(lines);
    expect(rerun).toEqual(lines);
    expect(again.events.map(({ type, data }) => [type, data])).toEqual(
      recording.events.map(({ type, data }) => [type, data]),
    );
  });

  it('fails code that does something else than what was recorded', () => {
    const { recording } = recordDialogue();
    const connection = scriptedConnection(recording.toScript({ waits: false }));
    connection.writer.write('ASK 2\n');
    expect(() => connection.done()).toThrowError(
      /^Step 2 of 12: .*\n {2}expected: ASK ▸1\\n\n {2}written: {2}ASK ▸2/,
    );
  });

  it('becomes a script with waits in front of what the peer does, and without the end that was our own', () => {
    const reset = new Error('reset');
    const recording = new Recording([
      { at: 5, type: 'sent', data: bytes('a') },
      { at: 8, type: 'pause' },
      { at: 15, type: 'received', data: Uint8Array.of(0) },
      { at: 15, type: 'eof' },
      { at: 16, type: 'close' },
      { at: 20, type: 'closed', error: reset },
    ]);
    const steps: ScriptStep[] = [
      { expect: 'a' },
      { wait: 10 },
      { reply: Uint8Array.of(0) },
      { eof: true },
      { expectClose: true },
    ];
    expect(recording.toScript()).toEqual([...steps, { wait: 4 }, { reset }]);
    const aborted = new Recording([
      { at: 0, type: 'abort', error: reset },
      { at: 0, type: 'closed', error: reset },
    ]);
    expect(aborted.toScript()).toEqual([]);
    expect(aborted.toMarbles()).toEqual({ incoming: '', values: {} });
  });

  it('becomes marbles that bring the same bytes at the same times', () => {
    const { recording, lines } = recordDialogue();
    const { incoming, values } = recording.toMarbles();
    expect(incoming).toBe('a 6ms (bc)---(bd)---(be|)');
    expect(values).toEqual({ a: 'HELLO\n', b: 'ANS', c: ' 1\n', d: ' 2\n', e: ' 3\n' });
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
      const { hot, expectObservable } = helpers;
      expectObservable(hot(incoming, values)).toBe('a------(bc)---(bd)---(be|)', values);
      const connection = marbleConnection(helpers, recording.toMarbles());
      expectObservable(client(connection).pipe(toArray())).toBe('21ms (a|)', { a: lines.slice(0, -1) });
      expectObservable(connection.outgoing$).toBe('a------b------c------|', {
        a: 'ASK 1\n',
        b: 'ASK 2\n',
        c: 'ASK 3\n',
      });
    });
  });

  it('becomes marbles with a reset, with frames, and with letters enough', () => {
    const reset = new Error('reset');
    const recording = new Recording([
      { at: 14, type: 'received', data: Uint8Array.of(0) },
      { at: 17, type: 'received', data: bytes('x') },
      { at: 21, type: 'closed', error: reset },
    ]);
    const values = { a: Uint8Array.of(0), b: 'x' };
    expect(recording.toMarbles()).toEqual({ incoming: '14ms a--b---#', values, error: reset });
    expect(recording.toMarbles(10)).toEqual({ incoming: '10ms (ab) 6ms #', values, error: reset });
    expect(() => recording.toMarbles(0)).toThrowError(RangeError, /not 0$/);

    const many = Array.from({ length: 500 }, (_, i) => `chunk ${i}`);
    const long = new Recording(
      many.map((chunk, at) => ({ at: 2 * at, type: 'received', data: bytes(chunk) })),
    );
    const marbles = long.toMarbles();
    new TestScheduler(() => undefined).run(({ hot, flush }) => {
      const { log } = record(hot<Data>(marbles.incoming, marbles.values).pipe(map((chunk) => String(chunk))));
      flush();
      expect(log).toEqual(many);
    });
  });
});

function wiretapped(steps: ScriptStep[], recording: Recording): string[] {
  const connection = scriptedConnection(steps, { wrap: wiretap(recording) });
  const { log } = record(client(connection));
  connection.done();
  return log;
}

function show({ at, type, data }: WireEvent): string {
  return `${at} ${type}${data === undefined ? '' : ` ${text(data)}`}`;
}
