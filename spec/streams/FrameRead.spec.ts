import { map, of, take, type Observable } from 'rxjs';
import { Connection, messages, type Decoder } from '../../src/index.js';
import { manualConnection, ManualTransport } from '../../src/testing.js';
import { lengthPrefixed } from './lengthPrefixed.js';
import { record } from './record.js';

function withReports(): { connection: Connection; transport: ManualTransport; reported: unknown[] } {
  const connection = manualConnection();
  const reported: unknown[] = [];
  connection.core.report = (error) => reported.push(error);
  return { connection, transport: connection.transport, reported };
}

describe('FrameRead', () => {
  it('takes no line more than was wanted, of many that came at once', () => {
    const { reader, transport } = manualConnection();
    for (const count of [1, 2, 3]) {
      transport.receive('a\nb\nc\nd\n');
      const { log } = record(reader.lines().pipe(take(count)));
      expect(log).toEqual([...['a', 'b', 'c'].slice(0, count), '|']);
      expect(record(reader.readExactly(2 * (4 - count), 'utf-8')).log[0]).toBe(
        'a\nb\nc\nd\n'.slice(2 * count),
      );
    }
  });

  it('asks a decoder once more that has skipped something', () => {
    const skipping = (): Decoder<string> => ({
      decode(queue) {
        const letter = queue.takeText(1);
        return letter === '-' ? undefined : letter;
      },
    });
    const { reader, transport } = manualConnection();
    const { log } = record(reader.frames(skipping));
    transport.receive('a--b', '-');
    expect(log).toEqual(['a', 'b']);
    transport.receive('c');
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('reports what a decoder throws that has unsubscribed its own read, and puts back what it took', () => {
    const { connection, transport, reported } = withReports();
    const odd = (): Decoder<string> => ({
      decode(queue) {
        if (queue.takeUint8() === undefined) return undefined;
        read.unsubscribe();
        throw new Error('for nobody');
      },
    });
    const read = connection.reader.frames(odd).subscribe({ error: (error) => reported.push('told', error) });
    transport.receive('ab');
    expect(reported).toEqual([new Error('for nobody')]);
    expect(record(connection.reader.readExactly(2)).log).toEqual(['ab', '|']);
  });

  it('is among the reads no more once it has ended, however', () => {
    const bad = (): Decoder<string> => ({
      decode() {
        throw new Error('bad');
      },
    });
    const reads: Record<string, (connection: Connection) => Observable<unknown>> = {
      'with what was there': ({ reader }) => reader.readExactly(1),
      'with an error of the decoder': ({ reader }) => reader.readFrame(bad),
      'with the end': ({ reader }) => reader.lines(),
      'at the end': ({ reader }) => reader.readExactly(5),
    };
    for (const [name, read] of Object.entries(reads)) {
      const connection = manualConnection();
      connection.transport.receive('ab\n');
      if (name.includes('end')) connection.transport.receiveEof();
      record(read(connection));
      expect(connection.inspect().read.pendingReads).withContext(name).toBe(0);
    }
    const lost = manualConnection();
    lost.transport.lose(new Error('cut'));
    expect(record(lost.reader.readLine()).log).toEqual(['# ERR_CONNECTION_LOST']);
    expect(lost.inspect().read.pendingReads).withContext('with the loss').toBe(0);
  });

  it('that a pipe is unsubscribed from inside its write ends no writer', () => {
    const [from, to] = [manualConnection(), manualConnection()];
    const pipe = from.reader.pipeTo(to.writer).subscribe();
    to.outgoing$.subscribe(() => pipe.unsubscribe());
    from.transport.receive('a', 'b');
    expect(to.transport.calls).toEqual(['write a']);
    expect(from.reader.bufferedBytes).toBe(1);
  });

  describe('has read ahead', () => {
    const securable = () => {
      const transport = Object.assign(new ManualTransport(), { startTls: () => of(undefined) });
      const { reader, writer } = new Connection(transport);
      return { reader, transport, secure: () => record(writer.startTls().pipe(map(() => 'secured'))).log };
    };

    it('nothing before its first frame', () => {
      const { reader, secure } = securable();
      reader.lines().subscribe();
      expect(secure()).toEqual(['secured', '|']);
    });

    it('nothing of what its decoder holds of a further frame, once that has gone back', () => {
      const { reader, transport, secure } = securable();
      const frames = reader.frames(lengthPrefixed).subscribe();
      transport.receive('\x01a\x02b');
      frames.unsubscribe();
      expect(secure()).toEqual(['# ERR_UNREAD_PLAINTEXT']);
      expect(record(reader.readExactly(2)).log.length).toBe(2);
      expect(secure()).toEqual(['secured', '|']);
    });

    it('a further frame, until bytes come that were not there then', () => {
      const { reader, transport, secure } = securable();
      const frames = reader.frames(lengthPrefixed).subscribe();
      transport.receive('\x01a\x01b');
      expect(secure()).toEqual(['# ERR_UNREAD_PLAINTEXT']);
      frames.unsubscribe();
      expect(secure()).toEqual(['# ERR_UNREAD_PLAINTEXT']);
      transport.receive('c');
      record(reader.readExactly(1));
      expect(secure()).toEqual(['secured', '|']);
    });
  });

  it('of bytes is refused in message mode, one of messages is not', () => {
    const { reader, transport } = manualConnection({ mode: 'messages' });
    let error: unknown;
    reader.readLine().subscribe({ error: (reason: unknown) => (error = reason) });
    expect(error).toEqual(
      new TypeError('This connection is in message mode: read it with messages() or jsonMessages()'),
    );
    const { log } = record(reader.frames(messages()).pipe(map((message) => String(message))));
    transport.receive('hello');
    expect(log).toEqual(['hello']);
  });
});
