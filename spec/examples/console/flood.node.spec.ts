import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { Flood, slowReader } from '../../../examples/console/flood.js';
import { manualConnection, marbleConnection } from '../../../src/testing.js';

const KiB = 1024;

describe('examples: console flood', () => {
  /** A client of the server, which takes what the spec says. */
  function client(flood = new Flood()) {
    const connection = manualConnection({ holdWrites: true });
    const errors: unknown[] = [];
    flood.serve(connection).subscribe({ error: (error) => errors.push(error) });
    return { flood, transport: connection.transport, errors };
  }

  it('sends numbered lines of 1 KiB while there is room, and counts what it has got rid of', () => {
    const { flood, transport, errors } = client();

    transport.receive('flood\n');
    expect(flood.counts).toEqual({ handedOver: 0, waiting: 128 * KiB, paused: true });

    transport.drain(100 * KiB);
    expect(flood.counts).toEqual({ handedOver: 100 * KiB, waiting: 28 * KiB, paused: true });
    transport.drain();
    expect(flood.counts).toEqual({ handedOver: 128 * KiB, waiting: 128 * KiB, paused: true });

    const sent = transport.calls.map((call) => call.replace(/^write /, '')).join('');
    const lines = sent.split('\n').slice(0, -1);
    expect(lines.map((line) => parseInt(line, 10))).toEqual(Array.from({ length: 256 }, (_, i) => i + 1));
    expect(lines.every((line) => line.length === KiB - 1)).toBeTrue();
    expect(errors).toEqual([]);
  });

  it('stops at the next line, and says how many there were', () => {
    const { flood, transport } = client();
    transport.receive('flood\n');

    transport.receive('stop\n');
    transport.drain();

    expect(transport.calls.at(-1)).toBe('write stopped after 128 lines\n');
    expect(flood.counts.waiting).toBe(0);
  });

  it('says what can be said, and counts anew for another client', () => {
    const { flood, transport } = client();
    transport.receive('flood\n');

    const another = client(flood);
    another.transport.receive('hello\n');

    expect(another.transport.calls).toEqual(['write say: flood, or stop\n']);
    another.transport.drain();
    expect(flood.counts.waiting).toBe(0);
  });

  it(
    'tells ten times a second how far it has come, until nobody wants to know',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: '250ms |' });
      const told = '{"handedOver":0,"waiting":0,"paused":false}\n';

      m.expect(new Flood().tell(connection)).toBeObservable('250ms |');
      m.expect(connection.outgoing$).toBeObservable('100ms a 99ms a', { a: told });
    }),
  );

  it(
    'reads slowly when it is to, and says every second what it has had',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: 'a', values: { a: new Uint8Array(2048 * KiB) } });

      m.expect(slowReader()(connection), '^ 1500ms !').toBeObservable('');
      m.expect(connection.outgoing$).toBeObservable('a 999ms b', {
        a: `${64 * KiB} bytes so far\n`,
        b: `${17 * 64 * KiB} bytes so far\n`,
      });
    }),
  );
});
