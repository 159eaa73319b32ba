import { Socket } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { fromEvent } from 'rxjs';
import { Connection } from '../../../src/streams/Connection.js';
import { ConnectionClosedError, ConnectionLostError } from '../../../src/streams/errors.js';
import { DuplexTransport } from '../../../src/transports/node/DuplexTransport.js';
import { bytes, text } from '../../contracts/bytes.js';
import { eventually, failureOf } from '../../contracts/eventually.js';
import { RecordingReceiver } from '../../../src/testing/RecordingReceiver.js';
import { everythingFrom, plainPeers } from '../../observables/plainPeers.js';
import { duplexPair } from './duplexPair.js';

/** Writes down the system calls a socket would make; `hold` keeps them from returning, as a full kernel does. */
class RecordingDuplex extends Duplex {
  readonly calls: string[] = [];
  readonly #held: (() => void)[] = [];
  #holding = false;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.calls.push(`write ${chunk.length > 100 ? `${chunk.length} bytes` : chunk.toString('latin1')}`);
    this.#answer(callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.calls.push(`writev ${chunks.map(({ chunk }) => chunk.toString('latin1')).join('+')}`);
    this.#answer(callback);
  }

  override _final(callback: () => void): void {
    this.calls.push('end');
    callback();
  }

  hold(): void {
    this.#holding = true;
  }

  release(): void {
    this.#holding = false;
    for (const callback of this.#held.splice(0)) callback();
  }

  #answer(callback: () => void): void {
    if (this.#holding) this.#held.push(callback);
    else callback();
  }
}

function writeTo(socket: Socket, content: Uint8Array): Promise<void> {
  return new Promise((resolve) => socket.write(content, () => resolve()));
}

describe('DuplexTransport', () => {
  const peers = plainPeers();

  describe('writing', () => {
    let duplex: RecordingDuplex;
    let transport: DuplexTransport;
    let told: RecordingReceiver;

    beforeEach(() => {
      duplex = new RecordingDuplex();
      transport = new DuplexTransport(duplex);
      told = new RecordingReceiver(transport);
      transport.start(told);
    });

    afterEach(() => {
      duplex.release();
      transport.abort();
    });

    it('sends the small strings of one tick in one call', async () => {
      for (const word of ['one ', 'two ', 'three ', 'four']) transport.write(word);
      expect(duplex.calls).toEqual([]);
      await told.untilFlushed();
      expect(duplex.calls).toEqual(['write one two three four']);
    });

    it('sends the small arrays of one tick in one call, in their order', async () => {
      for (const word of ['one', 'two', 'three']) transport.write(bytes(word));
      await told.untilFlushed();
      expect(duplex.calls).toEqual(['writev one+two+three']);
    });

    it('keeps the order of strings and arrays, in one call', async () => {
      transport.write('a');
      transport.write('b');
      transport.write(bytes('1'));
      transport.write(bytes('2'));
      transport.write('c');
      transport.write(bytes('3'));
      await told.untilFlushed();
      expect(duplex.calls).toEqual(['writev ab+1+2+c+3']);
    });

    it('makes a call of its own for each tick', async () => {
      transport.write('first');
      await told.untilFlushed();
      transport.write('second');
      await told.until('a second flush', () => told.queueSizes.length === 2);
      expect(duplex.calls).toEqual(['write first', 'write second']);
      expect(told.queueSizes).toEqual([0, 0]);
    });

    it('sends a big write within the tick, behind the small ones before it', () => {
      transport.write('small');
      transport.write(new Uint8Array(100_000));
      expect(duplex.calls.length).withContext('calls within the tick').toBe(1);
      expect(duplex.calls[0]).toMatch(/^writev small\+\0+$/);
    });

    it('sends many small writes within the tick when they add up', () => {
      for (let i = 0; i < 1000; i++) transport.write(`${'x'.repeat(99)}\n`);
      expect(duplex.calls.length).toBeGreaterThan(0);
      expect(transport.writeQueueSize).toBeGreaterThan(0);
    });

    it('counts bytes, not characters, until the duplex has taken them', async () => {
      duplex.hold();
      transport.write('aé€😀');
      expect(transport.writeQueueSize).toBe(10);
      transport.write(Uint8Array.of(1, 2, 3));
      expect(transport.writeQueueSize).toBe(13);
      await eventually('the next tick', new Promise((resolve) => process.nextTick(resolve)));
      expect(duplex.calls.length).toBe(1);
      expect(transport.writeQueueSize).withContext('in the hands of the duplex').toBe(13);
      expect(told.queueSizes).toEqual([]);
      duplex.release();
      await told.untilFlushed();
      expect(told.queueSizes).toEqual([0]);
    });

    it('counts down batch by batch', async () => {
      duplex.hold();
      transport.write(new Uint8Array(20_000));
      transport.write(new Uint8Array(30_000));
      transport.write('rest');
      expect(transport.writeQueueSize).toBe(50_004);
      duplex.release();
      await told.untilFlushed();
      expect(told.queueSizes.at(-1)).toBe(0);
      expect(told.queueSizes).toEqual([...told.queueSizes].sort((a, b) => b - a));
    });

    it('sends what the tick has gathered before the end', async () => {
      transport.write('all');
      transport.write(' of it');
      transport.writeEof();
      await eventually('the finish', fromEvent(duplex, 'finish'));
      expect(duplex.calls).toEqual(['write all of it', 'end']);
    });

    it('sends what the tick has gathered before it closes', async () => {
      transport.write('all of it');
      transport.close();
      await told.untilClosed();
      expect(duplex.calls).toEqual(['write all of it', 'end']);
      expect(told.errors).toEqual([undefined]);
    });

    it('drops what the tick has gathered when it is aborted', async () => {
      transport.write('nothing of it');
      transport.abort('no');
      await told.untilClosed();
      expect(duplex.calls).toEqual([]);
      expect(told.errors).toEqual(['no']);
      expect(transport.writeQueueSize).toBe(0);
    });
  });

  describe('taking a duplex over', () => {
    it('refuses object mode on either side', () => {
      for (const mode of ['objectMode', 'readableObjectMode', 'writableObjectMode']) {
        const duplex = new PassThrough({ [mode]: true });
        expect(() => new DuplexTransport(duplex))
          .withContext(mode)
          .toThrowError(TypeError, /object mode/);
      }
    });

    it('refuses a stream with an encoding, whose chunks would be strings', () => {
      const duplex = new PassThrough().setEncoding('utf8');
      expect(() => new DuplexTransport(duplex)).toThrowError(TypeError, /encoding/);
    });

    it('refuses a duplex that carries a connection already', () => {
      const duplex = new PassThrough();
      const first = new DuplexTransport(duplex);
      expect(() => new DuplexTransport(duplex)).toThrowError(TypeError, /already/);
      first.abort();
    });

    it('lets a refused duplex be', async () => {
      const duplex = new PassThrough({ objectMode: true });
      expect(() => new DuplexTransport(duplex)).toThrowError(TypeError);
      const value = eventually('the object', fromEvent(duplex, 'data'));
      duplex.write({ still: 'working' });
      expect(await value).toEqual({ still: 'working' });
      duplex.destroy();
    });

    it('keeps our side of a socket open when the peer ends, also where Node would not', async () => {
      let accepted: Socket | undefined;
      const port = await peers.listen((socket) => (accepted = socket));
      const socket = new Socket({ allowHalfOpen: false });
      socket.connect(port, '127.0.0.1');
      await eventually('the connect', fromEvent(socket, 'connect'));
      const { reader, writer } = new Connection(new DuplexTransport(socket));
      expect(socket.allowHalfOpen).toBeTrue();
      writer.write('hello');
      await eventually('the peer to read', fromEvent(accepted!, 'data'));
      accepted!.end();
      expect(text(await eventually('the end of the stream', reader.read()))).toBe('');
      const heard = eventually('the peer to hear more', fromEvent(accepted!, 'data'));
      writer.write('still here');
      expect(String(await heard)).toBe('still here');
      writer.close();
      await eventually('the close', writer.waitClosed());
    });

    it('delivers what had come before, also from a paused socket', async () => {
      const [socket, peer] = await peers.pair();
      socket.pause();
      peer.write('early');
      const { reader, writer } = new Connection(new DuplexTransport(socket));
      expect(text(await eventually('the early bytes', reader.readExactly(5)))).toBe('early');
      writer.abort();
      await eventually('the close', writer.waitClosed());
    });

    it('sees the end of a stream that has ended before', async () => {
      const [socket, peer] = await peers.pair();
      socket.resume();
      peer.end();
      await eventually('the end at the bare socket', fromEvent(socket, 'end'));
      const { reader, writer } = new Connection(new DuplexTransport(socket));
      expect(reader.atEof()).toBeTrue();
      writer.close();
      await eventually('the close', writer.waitClosed());
    });

    it('shows a duplex that was destroyed before as a lost connection', async () => {
      const duplex = new PassThrough();
      duplex.destroy();
      await eventually('the close', fromEvent(duplex, 'close'));
      const { reader, writer } = new Connection(new DuplexTransport(duplex));
      expect(writer.isClosing()).toBeTrue();
      expect(await failureOf('the read', reader.read())).toBeInstanceOf(ConnectionLostError);
      expect(await failureOf('waitClosed', writer.waitClosed())).toBeInstanceOf(ConnectionLostError);
    });

    it('shows the error that a duplex was destroyed with before as the cause', async () => {
      const duplex = new PassThrough().on('error', () => undefined);
      const cause = new Error('unplugged long ago');
      duplex.destroy(cause);
      await eventually('the close', fromEvent(duplex, 'close'));
      const { reader } = new Connection(new DuplexTransport(duplex));
      expect(((await failureOf('the read', reader.read())) as Error).cause).toBe(cause);
    });

    it('works on the two pipes of Duplex.from', async () => {
      const [readable, writable] = [new PassThrough(), new PassThrough()];
      const { reader, writer } = new Connection(new DuplexTransport(Duplex.from({ readable, writable })));
      writer.write('to the one');
      expect(String(await eventually('what was written', fromEvent(writable, 'data')))).toBe('to the one');
      readable.end('from the other');
      expect(text(await eventually('what comes', reader.read()))).toBe('from the other');
      const finished = eventually('the end of the writable pipe', fromEvent(writable, 'finish'));
      writer.close();
      await finished;
      await eventually('the close', writer.waitClosed());
      expect(writer.isClosing()).toBeTrue();
    });
  });

  describe('a duplex that breaks', () => {
    it('is a lost connection when somebody else destroys it in mid-stream', async () => {
      const [duplex, peer] = duplexPair();
      const { reader, writer } = new Connection(new DuplexTransport(duplex));
      peer.write('half a');
      expect(text(await eventually('the bytes', reader.readExactly(6)))).toBe('half a');
      duplex.destroy();
      const loss = await failureOf('the read', reader.readLine());
      expect(loss).toBeInstanceOf(ConnectionLostError);
      expect((loss as Error).cause).toBeInstanceOf(Error);
      expect(await failureOf('drain()', writer.drain())).toBe(loss);
      expect(await failureOf('waitClosed()', writer.waitClosed())).toBe(loss);
      peer.destroy();
    });

    it('names its error as the cause', async () => {
      const [duplex, peer] = duplexPair();
      const { reader, writer } = new Connection(new DuplexTransport(duplex));
      const unplugged = new Error('unplugged');
      duplex.destroy(unplugged);
      const loss = await failureOf('the read', reader.readLine());
      expect(loss).toBeInstanceOf(ConnectionLostError);
      expect((loss as Error).cause).toBe(unplugged);
      expect((loss as Error).message).toContain('unplugged');
      expect(await failureOf('waitClosed()', writer.waitClosed())).toBe(loss);
      peer.destroy();
    });

    it('delivers what had been received before it tells of the loss', async () => {
      const [duplex, peer] = duplexPair();
      const { reader, writer } = new Connection(new DuplexTransport(duplex));
      peer.write('one\ntwo\nthr');
      await eventually('the bytes', fromEvent(duplex, 'data'));
      duplex.destroy();
      await failureOf('waitClosed()', writer.waitClosed());
      expect(text(await eventually('a line', reader.readLine()))).toBe('one\n');
      expect(text(await eventually('a line', reader.readLine()))).toBe('two\n');
      expect(await failureOf('the broken line', reader.readLine())).toBeInstanceOf(ConnectionLostError);
      expect(text(await eventually('the rest', reader.readExactly(3)))).toBe('thr');
      peer.destroy();
    });

    it('fails a write to a peer that has gone', async () => {
      const [duplex, peer] = duplexPair();
      const { writer } = new Connection(new DuplexTransport(duplex));
      peer.destroy();
      await eventually('the end of the peer', fromEvent(peer, 'close'));
      writer.write('anyone?');
      const loss = await failureOf('waitClosed()', writer.waitClosed());
      expect(loss).toBeInstanceOf(ConnectionLostError);
      expect((loss as Error).cause).toEqual(jasmine.objectContaining({ code: 'EPIPE' }));
      expect(await failureOf('drain()', writer.drain())).toBe(loss);
      expect(writer.transport.writeQueueSize).withContext('bytes nobody will take').toBe(0);
    });

    it('is no loss when this side aborts', async () => {
      const [duplex, peer] = duplexPair();
      const { reader, writer } = new Connection(new DuplexTransport(duplex));
      const closed = eventually('the close', writer.waitClosed());
      writer.abort('reason');
      await closed;
      const error = await failureOf('the read', reader.read());
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect((error as Error).cause).toBe('reason');
      expect(duplex.destroyed).toBeTrue();
      peer.destroy();
    });
  });

  it('answers and closes also when it leaves bytes of the peer unread', async () => {
    const [socket, peer] = await peers.pair();
    const transport = new DuplexTransport(socket);
    const told = new RecordingReceiver(transport);
    transport.start(told);
    transport.pause();
    await eventually('the kernel to take the bytes', writeTo(peer, new Uint8Array(300_000)));
    const answer = everythingFrom(peer);
    transport.write('too long, not read');
    transport.close();
    expect(text(await answer)).toBe('too long, not read');
    await told.untilClosed();
    expect(told.errors).toEqual([undefined]);
  });

  describe('getExtraInfo', () => {
    it('knows the addresses and the socket, also after the close', async () => {
      const [socket, peer] = await peers.pair();
      const { writer } = new Connection(new DuplexTransport(socket));
      const local = { address: '127.0.0.1', family: 'IPv4', port: peer.remotePort! };
      const remote = { address: '127.0.0.1', family: 'IPv4', port: peer.localPort! };
      expect(writer.getExtraInfo('peername')).toEqual(remote);
      expect(writer.getExtraInfo('sockname')).toEqual(local);
      expect(writer.getExtraInfo('socket')).toBe(socket);
      writer.close();
      await eventually('the close', writer.waitClosed());
      expect(writer.getExtraInfo('peername')).toEqual(remote);
      expect(writer.getExtraInfo('sockname')).toEqual(local);
      expect(writer.getExtraInfo('socket')).toBe(socket);
    });

    it('gives the fallback for what a stream without addresses does not have', () => {
      const duplex = new PassThrough();
      const { writer } = new Connection(new DuplexTransport(duplex));
      expect(writer.getExtraInfo('peername')).toBeUndefined();
      expect(writer.getExtraInfo('sockname', 'nowhere')).toBe('nowhere');
      expect(writer.getExtraInfo('socket')).toBe(duplex);
      expect(writer.getExtraInfo('cipher', 'none')).toBe('none');
      writer.abort();
    });
  });
});
