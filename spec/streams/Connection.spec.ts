import { concatMap, repeat, VirtualTimeScheduler } from 'rxjs';
import { Connection, connectionPair, type TransportReceiver } from '../../src/index.js';
import { manualConnection, ManualTransport } from '../../src/testing.js';
import { record } from './record.js';

describe('Connection', () => {
  it('tells the reader first, when the writer knows already', () => {
    const { reader, writer, transport } = manualConnection();
    const log: string[] = [];
    writer.waitClosed().subscribe({ error: () => log.push('writer') });
    reader.read().subscribe({
      error: () => {
        writer.write('dropped');
        log.push('reader', ...record(writer.drain()).log);
      },
    });
    transport.lose(new Error('reset'));
    expect(log).toEqual(['reader', '# ERR_CONNECTION_LOST', 'writer']);
    expect(transport.calls).toEqual([]);
  });

  it('a close without an error is the end of the stream', () => {
    const { reader, transport } = manualConnection();
    const chunks = record(reader.chunks());
    transport.receive('a');
    transport.lose();
    expect(chunks.log).toEqual(['a', '|']);
  });

  it('passes an error that is none on as the cause', () => {
    const { reader, transport } = manualConnection();
    let cause: unknown;
    reader.read().subscribe({ error: (error: Error) => (cause = error.cause) });
    transport.lose('cable cut');
    expect(cause).toBe('cable cut');
  });

  it('once closed by this side is at its end: reads give no bytes, what was unread stays readable', () => {
    const [one, other] = connectionPair();
    other.writer.write('unread');
    one.writer.close();
    expect(record(one.writer.waitClosed()).log).toEqual(['undefined', '|']);
    expect(record(one.reader.read(99)).log).toEqual(['unread', '|']);
    expect(one.reader.atEof()).toBeTrue();
    expect(record(one.reader.read()).log).toEqual(['', '|']);
  });

  it('a loop of writes to a peer that has closed ends in an error', () => {
    const [one, other] = connectionPair();
    other.writer.close();
    const log = record(one.writer.send('foo\n').pipe(repeat(100)));
    expect(log.log).toEqual(['# ERR_CONNECTION_LOST']);
  });

  describe('release', () => {
    it('closes, and aborts when the close takes longer than closeTimeout', () => {
      const scheduler = new VirtualTimeScheduler();
      const held = manualConnection({ closeTimeout: 500, scheduler, holdWrites: true });
      const closed = record(held.writer.waitClosed());
      held.writer.write('unsent');
      held.release();
      expect(held.transport.calls).toEqual(['write unsent', 'close']);
      scheduler.flush();
      expect(scheduler.now()).toBe(500);
      expect(held.transport.calls).toEqual(['write unsent', 'close', 'abort']);
      // Nobody asked for it, so it is a loss.
      expect(closed.log).toEqual(['# ERR_CONNECTION_LOST']);
    });

    it('leaves no timer behind when it closes in time', () => {
      const scheduler = new VirtualTimeScheduler();
      const connection = manualConnection({ closeTimeout: 500, scheduler });
      connection.release();
      scheduler.flush();
      expect(connection.transport.calls).toEqual(['close']);
    });
  });

  it('refuses a closeTimeout that no timer can have', () => {
    for (const closeTimeout of [-1, NaN, Infinity, 2 ** 31]) {
      expect(() => manualConnection({ closeTimeout })).toThrowError(
        RangeError,
        new RegExp(`not ${closeTimeout}`),
      );
    }
  });

  it('is closed by `await using` at the end of its scope', async () => {
    const [one, other] = connectionPair();
    const received = record(other.reader.chunks());
    {
      await using scoped = one;
      scoped.writer.write('bye');
    }
    expect(received.log).toEqual(['bye', '|']);
    expect(one.writer.isClosing()).toBeTrue();
  });

  it('gives its transport functions that can be taken apart', () => {
    let told: TransportReceiver | undefined;
    const transport = new ManualTransport();
    const start = transport.start.bind(transport);
    transport.start = (receiver) => {
      const { data, eof, flushed, closed } = receiver;
      told = receiver;
      start({ data, eof, flushed, closed });
    };
    const { reader, writer } = new Connection(transport);
    expect(told).toBeDefined();
    const read = record(reader.lines());
    transport.receive('one\n');
    transport.receiveEof();
    writer.close();
    expect(read.log).toEqual(['one', '|']);
    expect(record(writer.waitClosed()).log).toEqual(['undefined', '|']);
  });

  it('a dialogue of two ends takes place within one call', () => {
    const [client, server] = connectionPair();
    server.reader.lines().subscribe((line) => server.writer.write(`you said ${line}\n`));
    const answers = record(client.writer.send('hello\n').pipe(concatMap(() => [])));
    const lines = record(client.reader.lines());
    client.writer.write('bye\n');
    expect(answers.log).toEqual(['|']);
    expect(lines.log).toEqual(['you said hello', 'you said bye']);
  });
});
