import { manualConnection } from 'rxjs-net/testing';
import { Meter } from './meter';

function counts({ received, sent, waiting }: Meter) {
  return { received, sent, waiting };
}

describe('Meter', () => {
  it('counts what crosses a connection, and what waits', () => {
    const meter = new Meter();
    const { writer, transport } = manualConnection({ wrap: meter.wrap, holdWrites: true });

    transport.receive('12345');
    writer.write('é\n');

    expect(counts(meter)).toEqual({ received: 5, sent: 0, waiting: 3 });
    transport.drain(2);
    expect(counts(meter)).toEqual({ received: 5, sent: 2, waiting: 1 });
  });

  it('goes on counting on the next connection, without what the one before has not sent', () => {
    const meter = new Meter();
    const first = manualConnection({ wrap: meter.wrap, holdWrites: true });
    first.writer.write('12345');
    first.transport.drain(2);
    first.transport.lose(new Error('gone'));

    const { writer, transport } = manualConnection({ wrap: meter.wrap });
    transport.receive('1');
    writer.write('1');

    expect(counts(meter)).toEqual({ received: 1, sent: 3, waiting: 0 });
  });

  it('tells whether the reader has stopped its peer', () => {
    const meter = new Meter();
    const { reader, transport } = manualConnection({ wrap: meter.wrap, limit: 2 });

    transport.receive('12345');
    expect(meter.readerPaused).toBe(true);

    reader.read(4).subscribe();
    expect(meter.readerPaused).toBe(false);
  });

  it('does not call a connection paused that is closed', () => {
    const meter = new Meter();
    const { transport } = manualConnection({ wrap: meter.wrap, limit: 2 });
    transport.receive('12345');

    transport.lose(new Error('gone'));

    expect(meter.readerPaused).toBe(false);
  });

  it('hands everything on', () => {
    const meter = new Meter();
    const { writer, transport } = manualConnection({
      wrap: meter.wrap,
      extraInfo: { flowControl: 'credit' },
    });

    expect(writer.getExtraInfo('flowControl')).toBe('credit');
    writer.write('a');
    writer.writeEof();
    writer.close();
    expect(transport.calls).toEqual(['write a', 'writeEof', 'close']);
  });
});
