import { manualConnection, ManualTransport } from '../../src/testing.js';
import { record } from '../streams/record.js';

describe('manualConnection', () => {
  it('shows what was written, asked for and ended, in order', () => {
    const { writer, transport, outgoing$, events$ } = manualConnection();
    const early = { outgoing: record(outgoing$), events: record(events$) };
    writer.write('text');
    writer.write(Uint8Array.of(0, 1));
    writer.writeEof();
    transport.receiveEof();
    expect(transport.calls).toEqual(['write text', 'write <00 01>', 'writeEof']);
    expect(early.outgoing.log).toEqual(['text', '<00 01>', '|']);
    expect(early.events.log).toEqual(['writeEof']);
    expect(record(outgoing$).log).toEqual(early.outgoing.log);
    expect(record(events$).log).toEqual(early.events.log);
  });

  it('is closed when both directions have ended, or by close() when all is sent', () => {
    const both = manualConnection();
    both.writer.writeEof();
    expect(record(both.writer.waitClosed()).log).toEqual([]);
    both.transport.receiveEof();
    expect(record(both.writer.waitClosed()).log).toEqual(['undefined', '|']);

    const held = manualConnection({ holdWrites: true });
    held.writer.write('12345');
    held.writer.close();
    held.transport.drain(4);
    expect(record(held.writer.waitClosed()).log).toEqual([]);
    held.transport.drain(1);
    expect(record(held.writer.waitClosed()).log).toEqual(['undefined', '|']);
  });

  it('ends what was written with the reason of an abort', () => {
    const { writer, outgoing$ } = manualConnection();
    writer.write('a');
    writer.abort(new Error('enough'));
    expect(record(outgoing$).log).toEqual(['a', '# enough']);
  });

  it('lets what arrives wait while the reader has paused, the end as well', () => {
    const { reader, transport } = manualConnection({ limit: 1 });
    transport.receive('abc');
    transport.receive('def');
    transport.receiveEof();
    expect(transport.calls).toEqual(['pause']);
    expect(reader.bufferedBytes).toBe(3);
    expect(record(reader.read()).log).toEqual(['abcdef', '|']);
    expect(transport.calls).toEqual(['pause', 'resume']);
  });

  it('counts bytes in the write queue, not characters', () => {
    const { writer, transport } = manualConnection({ holdWrites: true });
    writer.write('grün');
    expect(transport.writeQueueSize).toBe(5);
    transport.drain(100);
    expect(transport.writeQueueSize).toBe(0);
  });

  it('does nothing after the loss', () => {
    const { reader, writer, transport } = manualConnection();
    transport.lose(new Error('reset'));
    transport.receive('late');
    transport.receiveEof();
    transport.lose(new Error('again'));
    transport.drain();
    writer.write('dropped');
    expect(transport.calls).toEqual([]);
    expect(record(reader.read(9)).log).toEqual(['# ERR_CONNECTION_LOST']);
  });

  it('knows what it is told to know', () => {
    const { writer } = manualConnection({ extraInfo: { compression: 'none' } });
    expect(writer.getExtraInfo('compression')).toBe('none');
    expect(writer.getExtraInfo('peername')).toBeUndefined();
  });

  it('delivers what arrives inside of a delivery after it, on a flat stack', () => {
    const transport = new ManualTransport();
    const order: string[] = [];
    let rounds = 0;
    transport.start({
      data: (chunk) => {
        order.push(`begin ${chunk.length}`);
        if (rounds++ < 20_000) transport.receive('more');
        if (rounds === 20_000) transport.receiveEof();
        order.push('end');
      },
      eof: () => order.push('eof'),
      flushed: () => undefined,
      closed: () => undefined,
    });
    transport.receive('a');
    expect(order.slice(0, 4)).toEqual(['begin 1', 'end', 'begin 4', 'end']);
    expect(order.at(-1)).toBe('eof');
    expect(order.length).toBe(2 * 20_001 + 1);
  });

  it('is drained by what goes away only: an empty queue is no progress', () => {
    const transport = new ManualTransport({ holdWrites: true });
    let flushes = 0;
    transport.start({
      data: () => undefined,
      eof: () => undefined,
      flushed: () => flushes++,
      closed: () => undefined,
    });
    transport.drain();
    transport.write('12345');
    transport.drain(0);
    expect(flushes).toBe(0);
    transport.drain(Infinity);
    transport.drain();
    expect(flushes).toBe(1);
  });

  it('has changed by the time its listeners hear of it', () => {
    const transport = new ManualTransport();
    transport.events$.subscribe(() => {
      transport.abort('again');
      transport.close();
      transport.writeEof();
      transport.write('late');
    });
    transport.abort('first');
    expect(transport.calls).toEqual(['abort']);
  });
});
