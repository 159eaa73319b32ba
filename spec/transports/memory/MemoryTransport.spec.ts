import { MemoryTransport } from '../../../src/transports/memory/MemoryTransport.js';
import { bytes, text } from '../../contracts/bytes.js';
import { RecordingReceiver } from '../../../src/testing/RecordingReceiver.js';

describe('MemoryTransport', () => {
  let one: MemoryTransport;
  let other: MemoryTransport;
  let toOne: RecordingReceiver;
  let toOther: RecordingReceiver;

  beforeEach(() => {
    [one, other] = MemoryTransport.pair();
    toOne = new RecordingReceiver(one);
    toOther = new RecordingReceiver(other);
    one.start(toOne);
    other.start(toOther);
  });

  it('delivers within the call of write', () => {
    one.write('now');
    expect(toOther.text).toBe('now');
    one.write(bytes(' and now'));
    expect(toOther.text).toBe('now and now');
    expect(one.writeQueueSize).toBe(0);
  });

  it('delivers the end, the close and the abort within their calls', () => {
    one.writeEof();
    expect(toOther.order).toEqual(['eof']);
    one.close();
    expect(toOne.order).toEqual(['closed']);
    other.abort('why');
    expect(toOther.order).toEqual(['eof', 'closed']);
    expect(toOther.errors).toEqual(['why']);
  });

  it('copies what is written, so that neither end sees what the other does to its array', () => {
    const array = bytes('mine');
    one.write(array);
    array.fill(0);
    expect(toOther.text).toBe('mine');
    toOther.chunks[0]!.fill(1);
    expect([...array]).toEqual([0, 0, 0, 0]);
  });

  it('plays ping-pong inside its calls thousands of times on a flat stack', () => {
    const rounds = 50_000;
    let deepest = 0;
    let depth = 0;
    let pings = 0;
    toOne.onData = () => {
      depth++;
      deepest = Math.max(deepest, depth);
      if (++pings < rounds) one.write('ping');
      depth--;
    };
    toOther.onData = () => other.write('pong');
    one.write('ping');
    expect(pings).toBe(rounds);
    expect(toOne.length).toBe(4 * rounds);
    expect(toOther.length).toBe(4 * rounds);
    expect(deepest).withContext('calls of data inside each other').toBe(1);
  });

  it('keeps the order when a receiver writes back from inside its data', () => {
    toOther.onData = (chunk) => {
      for (const letter of text(chunk)) other.write(`<${letter}>`);
    };
    toOne.onData = (chunk) => {
      if (text(chunk) === '<a>') one.write('cd');
    };
    one.write('ab');
    expect(toOther.chunks.map(text)).toEqual(['ab', 'cd']);
    expect(toOne.text).toBe('<a><b><c><d>');
  });

  it('queues for a paused end, exactly, and delivers chunk by chunk when that resumes', () => {
    other.pause();
    one.write('grün');
    one.write(new Uint8Array(10));
    expect(one.writeQueueSize).toBe(15);
    expect(toOther.length).toBe(0);
    other.resume();
    expect(one.writeQueueSize).toBe(0);
    expect(toOther.chunks.map((chunk) => chunk.length)).toEqual([5, 10]);
    expect(toOne.queueSizes).toEqual([0]);
  });

  it('stops in the middle when the receiver pauses from inside its data', () => {
    other.pause();
    for (const word of ['one', 'two', 'three']) one.write(word);
    toOther.onData = (chunk) => {
      if (text(chunk) === 'two') other.pause();
    };
    other.resume();
    expect(toOther.text).toBe('onetwo');
    expect(one.writeQueueSize).toBe(5);
    expect(toOne.queueSizes).toEqual([5]);
  });

  it('tells that its queue has gone down also when a write from inside has filled it again', () => {
    let inside = false;
    toOther.onData = (chunk) => {
      if (chunk.length === 60) other.pause();
      if (inside) return;
      inside = true;
      one.write(new Uint8Array(60));
      one.write(new Uint8Array(5));
    };
    one.write('x');
    expect(one.writeQueueSize).toBe(5);
    expect(toOne.queueSizes).withContext('65 bytes were queued, then 5').toEqual([5]);
  });

  it('keeps the end back for a paused peer, behind the data', () => {
    other.pause();
    one.write('last words');
    one.writeEof();
    expect(toOther.order).toEqual([]);
    other.resume();
    expect(toOther.order).toEqual(['data', 'eof']);
  });

  it('closes once a paused peer has taken everything, and not before', () => {
    other.pause();
    one.write('flush me');
    one.close();
    expect(toOne.order).toEqual([]);
    other.resume();
    expect(toOther.text).toBe('flush me');
    expect(toOther.order).toEqual(['data', 'eof']);
    expect(toOne.order).toEqual(['closed']);
    expect(toOne.errors).toEqual([undefined]);
  });

  it('drops what comes after its own close, and resets a peer that goes on writing', () => {
    one.close();
    other.write('anyone there?');
    expect(toOne.order).toEqual(['closed']);
    expect(toOther.order).toEqual(['eof', 'closed']);
    expect(toOther.errors).toEqual([jasmine.objectContaining({ code: 'ECONNRESET' })]);
  });

  it('resets a peer whose bytes are still unread at the close', () => {
    one.pause();
    other.write('never read');
    one.close();
    expect(toOne.order).toEqual(['closed']);
    expect(toOne.errors).toEqual([undefined]);
    expect(toOther.order.at(-1)).toBe('closed');
    expect(toOther.errors).toEqual([jasmine.objectContaining({ code: 'ECONNRESET' })]);
    expect(other.writeQueueSize).toBe(0);
  });

  it('lets a peer that has only ended read what was written before the reset', () => {
    one.write('before');
    one.abort();
    expect(toOther.text).toBe('before');
    expect(toOther.order).toEqual(['data', 'closed']);
    expect(toOther.errors).toEqual([jasmine.objectContaining({ code: 'ECONNRESET' })]);
    expect(toOne.errors).toEqual([undefined]);
  });

  it('drops what a peer still sends to an end that is closing', () => {
    one.pause();
    other.pause();
    one.write('forth');
    other.write('back');
    one.close();
    expect(toOther.queueSizes).withContext('the peer is rid of its bytes').toEqual([0]);
    other.write('more');
    expect(other.writeQueueSize).toBe(0);
    other.resume();
    expect(toOther.text).toBe('forth');
    expect(toOther.order).toEqual(['data', 'eof']);
    expect(toOne.order).toEqual(['closed']);
    expect(toOne.errors).toEqual([undefined]);
  });

  it('drops at an abort what waited on both sides', () => {
    one.pause();
    other.pause();
    one.write('forth');
    other.write('back');
    one.abort('reason');
    expect([one.writeQueueSize, other.writeQueueSize]).toEqual([0, 0]);
    expect([toOne.length, toOther.length]).toEqual([0, 0]);
    expect(toOne.errors).toEqual(['reason']);
  });

  it('closes from both sides at once', () => {
    one.close();
    other.close();
    expect(toOne.order).toEqual(['closed']);
    expect(toOther.order).toEqual(['eof', 'closed']);
    expect([...toOne.errors, ...toOther.errors]).toEqual([undefined, undefined]);
  });

  it('tells an end that starts late that the connection was aborted', () => {
    const [early, late] = MemoryTransport.pair();
    const toLate = new RecordingReceiver(late);
    early.start(new RecordingReceiver(early));
    early.abort();
    late.start(toLate);
    expect(toLate.order).toEqual(['closed']);
    expect(toLate.errors).toEqual([jasmine.objectContaining({ code: 'ECONNRESET' })]);
  });

  it('hands a long write on in pieces, and tells of each step that the peer takes', () => {
    toOther.onData = () => other.pause();
    one.write(new Uint8Array(200_000));
    expect(one.writeQueueSize).toBe(200_000 - 65_536);
    other.resume();
    other.resume();
    other.resume();
    expect(toOne.queueSizes).toEqual([134_464, 68_928, 3392, 0]);
    expect(toOther.chunks.map((chunk) => chunk.length)).toEqual([65_536, 65_536, 65_536, 3392]);
  });

  it('drops what is written after the end of its direction, and after close', () => {
    other.pause();
    one.write('in time');
    one.writeEof();
    one.write('late');
    expect(one.writeQueueSize).toBe(7);
    one.close();
    one.write('later');
    other.resume();
    one.write('too late');
    expect(toOther.text).toBe('in time');
    expect(toOther.order).toEqual(['data', 'eof']);
    expect(toOne.order).toEqual(['closed']);
  });

  it('drops at an abort after close what is queued, and resets the peer', () => {
    other.pause();
    one.write('never taken');
    one.close();
    one.abort('enough');
    other.resume();
    expect(one.writeQueueSize).toBe(0);
    expect(toOne.errors).toEqual(['enough']);
    expect(toOther.order).toEqual(['closed']);
    expect(toOther.errors).toEqual([jasmine.objectContaining({ code: 'ECONNRESET' })]);
  });
});
