import { spawn } from 'node:child_process';
import { PassThrough, Readable, Writable } from 'node:stream';
import { fromEvent, take, toArray } from 'rxjs';
import { RecordingReceiver } from '../../../src/testing/RecordingReceiver.js';
import { Connection } from '../../../src/streams/Connection.js';
import { ConnectionLostError } from '../../../src/streams/errors.js';
import { DuplexTransport } from '../../../src/transports/node/DuplexTransport.js';
import { joinStreams } from '../../../src/transports/node/joinStreams.js';
import { text } from '../../contracts/bytes.js';
import { eventually, failureOf } from '../../contracts/eventually.js';

function broken(code = 'EPIPE'): Error {
  return Object.assign(new Error(`write ${code}`), { code });
}

/** Takes nothing, and fails each write. */
function breaking(error = broken()): Writable {
  return new Writable({ write: (_chunk, _encoding, callback) => callback(error) });
}

function connect(readable: Readable, writable: Writable): Connection {
  return new Connection(new DuplexTransport(joinStreams(readable, writable)));
}

describe('joinStreams', () => {
  it('reads from the one and writes to the other', async () => {
    const [readable, writable] = [new PassThrough(), new PassThrough()];
    const { reader, writer } = connect(readable, writable);
    const heard = eventually('what was written', fromEvent(writable, 'data'));
    writer.write('question');
    expect(String(await heard)).toBe('question');
    readable.end('answer');
    expect(text(await eventually('the answer', reader.read()))).toBe('answer');
    writer.close();
    await eventually('the close', writer.waitClosed());
    expect(readable.destroyed && writable.writableFinished).toBeTrue();
  });

  it('sends the small writes of one tick in one call', async () => {
    const calls: string[] = [];
    const writable = new Writable({
      writev(chunks, callback) {
        calls.push(chunks.map(({ chunk }) => String(chunk)).join('+'));
        callback();
      },
    });
    const { writer } = connect(new PassThrough(), writable);
    writer.write(Buffer.from('one'));
    writer.write(Buffer.from('two'));
    writer.close();
    await eventually('the close', writer.waitClosed());
    expect(calls).toEqual(['one+two']);
  });

  it('keeps back what is read, as well as what is written', async () => {
    let taken = 0;
    const readable = new Readable({
      highWaterMark: 1000,
      read() {
        taken += 1000;
        this.push(new Uint8Array(1000));
      },
    });
    const stuck = new Writable({ highWaterMark: 1000, write: () => undefined });
    const transport = new DuplexTransport(joinStreams(readable, stuck));
    const told = new RecordingReceiver(transport);
    transport.start(told);
    transport.pause();
    transport.write(new Uint8Array(100_000));
    for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBeLessThan(10_000);
    expect(transport.writeQueueSize).toBe(100_000);
    transport.abort();
    await told.untilClosed();
    expect(readable.destroyed && stuck.destroyed).toBeTrue();
  });

  describe('when the writable breaks', () => {
    it('delivers what comes up to the end, and then tells of the loss, once', async () => {
      const readable = new PassThrough();
      const cause = broken();
      const transport = new DuplexTransport(joinStreams(readable, breaking(cause)));
      const told = new RecordingReceiver(transport);
      transport.start(told);
      transport.write('to nobody');
      transport.write(new Uint8Array(200_000));
      for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
      readable.write('first line\n');
      await told.untilReceived(11);
      readable.end('second line\n');
      await told.untilClosed();
      expect(told.text).toBe('first line\nsecond line\n');
      expect(told.order).toEqual(['data', 'eof', 'closed']);
      expect(told.errors).toEqual([cause]);
    });

    it('tells at once when the readable has ended before', async () => {
      const readable = new PassThrough();
      const { reader, writer } = connect(readable, breaking());
      readable.end('all of it');
      expect(text(await eventually('all', reader.read()))).toBe('all of it');
      writer.write('more?');
      const loss = await failureOf('waitClosed()', writer.waitClosed());
      expect(loss).toBeInstanceOf(ConnectionLostError);
      expect((loss as Error).cause).toEqual(jasmine.objectContaining({ code: 'EPIPE' }));
    });

    it('tells at once when this side closes, whatever still comes', async () => {
      for (const order of ['before', 'after']) {
        const readable = new PassThrough();
        const { writer } = connect(readable, breaking());
        writer.write('to nobody');
        if (order === 'after')
          for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
        writer.close();
        expect(await failureOf(`the close ${order}`, writer.waitClosed())).toBeInstanceOf(
          ConnectionLostError,
        );
        expect(readable.destroyed).toBeTrue();
      }
    });

    it('fails a write to one that was closed without an error', async () => {
      const [readable, writable] = [new PassThrough(), new PassThrough()];
      const { reader, writer } = connect(readable, writable);
      writable.destroy();
      await eventually('the close of the writable', fromEvent(writable, 'close'));
      writer.write('to nobody');
      readable.end('still heard');
      expect(text(await eventually('what came', reader.readExactly(11)))).toBe('still heard');
      const loss = await failureOf('waitClosed()', writer.waitClosed());
      expect((loss as Error).cause).toEqual(jasmine.objectContaining({ code: 'EPIPE' }));
    });

    it('is no loss when it has closed with nothing to be sent', async () => {
      const [readable, writable] = [new PassThrough(), new PassThrough()];
      const { reader, writer } = connect(readable, writable);
      writable.destroy();
      readable.end('all of it');
      expect(text(await eventually('all', reader.read()))).toBe('all of it');
      writer.close();
      await eventually('the close', writer.waitClosed());
      expect(writer.isClosing()).toBeTrue();
    });
  });

  it('is lost when the readable fails, or is destroyed before its end', async () => {
    for (const cause of [new Error('unplugged'), undefined]) {
      const [readable, writable] = [new PassThrough(), new PassThrough()];
      const { reader, writer } = connect(readable, writable);
      readable.destroy(cause);
      const loss = await failureOf('the read', reader.read());
      expect(loss).toBeInstanceOf(ConnectionLostError);
      if (cause !== undefined) expect((loss as Error).cause).toBe(cause);
      await failureOf('waitClosed()', writer.waitClosed());
      expect(writable.destroyed).toBeTrue();
    }
  });

  it('loses no line of a process that closes its input early', async () => {
    const program = `process.stdin.destroy();
      setTimeout(() => { console.log('one'); setTimeout(() => console.log('two'), 50); }, 50);`;
    const { stdin, stdout } = spawn(process.execPath, ['-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const { reader, writer } = connect(stdout, stdin);
    const lines = eventually('the lines', reader.lines().pipe(take(2), toArray()));
    writer.write(new Uint8Array(2 ** 20));
    expect(await lines).toEqual(['one', 'two']);
    expect(await failureOf('waitClosed()', writer.waitClosed())).toBeInstanceOf(ConnectionLostError);
  });

  it('talks to a process, and ends its input alone', async () => {
    const { stdin, stdout } = spawn('sort', { stdio: ['pipe', 'pipe', 'inherit'] });
    const { reader, writer } = connect(stdout, stdin);
    writer.write('b\na\n');
    writer.writeEof();
    expect(await eventually('the lines', reader.lines().pipe(toArray()))).toEqual(['a', 'b']);
    writer.close();
    await eventually('the close', writer.waitClosed());
  });

  it('refuses object mode on either side, and an encoding', () => {
    const plain = new PassThrough();
    expect(() => joinStreams(new PassThrough({ objectMode: true }), plain)).toThrowError(TypeError);
    expect(() => joinStreams(plain, new PassThrough({ objectMode: true }))).toThrowError(TypeError);
    expect(() => joinStreams(new PassThrough().setEncoding('utf8'), plain)).toThrowError(TypeError);
  });
});
