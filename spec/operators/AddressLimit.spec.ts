import { concat, delay, NEVER, of, Subject, take, type Observable } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import {
  AddressLimitError,
  serve,
  TooManyConnectionsError,
  type Connection,
  type ServeOptions,
} from '../../src/index.js';
import { manualConnection, type ManualConnection } from '../../src/testing.js';
import { record } from '../streams/record.js';

/** A connection of somebody; without an address one that has none, as on a Unix socket. */
function from(address?: string, port = 1024): ManualConnection {
  const family = address?.includes(':') === true ? 'IPv6' : 'IPv4';
  return manualConnection({
    extraInfo: address === undefined ? {} : { peername: { address, family, port } },
  });
}

interface Served {
  source: Subject<Connection>;
  stop: Subject<void>;
  log: string[];
  /** Whose handler has begun, in order. */
  served: Connection[];
  refused: [Connection, unknown][];
  /** Each handler ends with the next value. */
  done: Subject<void>;
}

function serving(options: ServeOptions): Served {
  const [source, stop, done] = [new Subject<Connection>(), new Subject<void>(), new Subject<void>()];
  const served: Connection[] = [];
  const refused: [Connection, unknown][] = [];
  const handler = (connection: Connection): Observable<void> => {
    served.push(connection);
    return done.pipe(take(1));
  };
  const onError = (error: unknown, connection: Connection): unknown => refused.push([connection, error]);
  const { log } = record(source.pipe(serve(handler, { onError, stop, ...options })));
  return { source, stop, log, served, refused, done };
}

function connect({ source }: Served, ...addresses: (string | undefined)[]): ManualConnection[] {
  return addresses.map((address) => {
    const connection = from(address);
    source.next(connection);
    return connection;
  });
}

const codes = ({ refused }: Served): unknown[] =>
  refused.map(([, error]) => (error as { code: string }).code);

describe('maxPerAddress of serve', () => {
  it('serves exactly 1,000 of 10,000 connections from 100 addresses with 10 for each', () => {
    const server = serving({ maxPerAddress: 10 });
    // In an order that is nobody's.
    const all = Array.from({ length: 10_000 }, (_, i) => from(`192.0.2.${(i * 37) % 100}`));
    for (const connection of all) server.source.next(connection);
    expect(server.served.length).toBe(1000);
    const counts = new Map<string, number>();
    for (const { writer } of server.served) {
      const { address } = writer.getExtraInfo('peername')!;
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    expect(counts.size).toBe(100);
    expect([...counts.values()].every((count) => count === 10)).toBeTrue();
    expect(server.refused.length).toBe(9000);
    expect(all.filter(({ transport }) => transport.calls.join() === 'abort').length).toBe(9000);
  });

  it('keeps the others in, whatever one address does', () => {
    const server = serving({ maxPerAddress: 10, concurrency: 100, maxPending: 0 });
    const greedy = (): ManualConnection[] => connect(server, ...Array<string>(500).fill('192.0.2.1'));
    greedy();
    expect(server.served.length).toBe(10);
    for (let i = 0; i < 9; i++) {
      connect(server, ...Array<string>(10).fill(`192.0.2.${10 + i}`));
      greedy();
    }
    expect(server.served.length).toBe(100);
    expect(
      server.refused.every(([{ writer }]) => writer.getExtraInfo('peername')!.address === '192.0.2.1'),
    ).toBeTrue();
  });

  it('refuses at once, says of whom and how many, and lets onError say a last word', () => {
    const source = new Subject<Connection>();
    const errors: unknown[] = [];
    source
      .pipe(
        serve(() => NEVER, {
          maxPerAddress: 1,
          onError: (error, { writer }) => {
            errors.push(error);
            if (errors.length === 1) writer.write('421 too many\r\n');
          },
        }),
      )
      .subscribe();
    const [first, told, silent] = [from('2001:db8::1'), from('2001:db8::2'), from('2001:db8::3')];
    for (const connection of [first, told, silent]) source.next(connection);
    expect(first.transport.calls).toEqual([]);
    expect(told.transport.calls).toEqual(['write 421 too many\r\n', 'close']);
    expect(silent.transport.calls).toEqual(['abort']);
    const [error] = errors as AddressLimitError[];
    expect(error).toBeInstanceOf(AddressLimitError);
    expect(error!.address).toBe('2001:db8:0:0::/64');
    expect(error!.limit).toBe(1);
    expect(error!.message).toBe(
      'A connection was refused: of 2001:db8:0:0::/64 1 are served or wait, the most that may',
    );
  });

  it('counts IPv4 inside IPv6 as IPv4, IPv6 by its first 64 bits, and whoever has no address never', () => {
    const server = serving({ maxPerAddress: 1 });
    connect(server, '192.0.2.1', '::ffff:192.0.2.1', '192.0.2.2');
    connect(server, '2001:db8:0:1::1', '2001:db8:0:1:ffff::', '2001:db8:0:2::1');
    connect(server, undefined, undefined, undefined);
    const refused = server.refused.map(([{ writer }]) => writer.getExtraInfo('peername')!.address);
    expect(refused).toEqual(['::ffff:192.0.2.1', '2001:db8:0:1:ffff::']);
    expect(server.served.length).toBe(7);
  });

  it('takes no notice of the path that is the peername of a Unix socket', () => {
    const server = serving({ maxPerAddress: 1 });
    for (let i = 0; i < 3; i++)
      server.source.next(manualConnection({ extraInfo: { peername: '' as never } }));
    expect(server.served.length).toBe(3);
  });

  it('counts those that wait, and they have their place when they are served', () => {
    const server = serving({ maxPerAddress: 2, concurrency: 1 });
    connect(server, 'a', 'a', 'a', 'b', 'b', 'b');
    expect(codes(server)).toEqual(['ERR_ADDRESS_LIMIT', 'ERR_ADDRESS_LIMIT']);
    expect(server.served.length).toBe(1);
    for (let i = 0; i < 3; i++) server.done.next();
    expect(server.served.map(({ writer }) => writer.getExtraInfo('peername')!.address)).toEqual([
      'a',
      'a',
      'b',
      'b',
    ]);
  });

  it('has a place again when a connection is gone: served, waiting, failed or lost', () => {
    const ends: ((served: Served, connection: ManualConnection) => void)[] = [
      ({ done }) => done.next(),
      ({ done }) => {
        done.error(new Error('handler'));
      },
      (_served, { transport }) => transport.lose(new Error('reset')),
      (_served, { writer }) => writer.abort(),
    ];
    for (const end of ends) {
      const server = serving({ maxPerAddress: 1 });
      const [first] = connect(server, 'a');
      end(server, first!);
      first!.transport.lose();
      connect(server, 'a');
      expect(server.served.length).toBe(2);
    }
    const server = serving({ maxPerAddress: 2, concurrency: 1 });
    const [, waits] = connect(server, 'a', 'a');
    waits!.transport.lose();
    connect(server, 'a');
    expect(server.refused).toEqual([]);
  });

  it('has as many places again as are gone, and no more', () => {
    const server = serving({ maxPerAddress: 2 });
    const [first] = connect(server, 'a', 'a');
    first!.transport.lose();
    connect(server, 'a', 'a', 'a');
    expect(server.served.length).toBe(3);
    expect(codes(server)).toEqual(['ERR_ADDRESS_LIMIT', 'ERR_ADDRESS_LIMIT']);
  });

  it('has no place yet while a connection still closes', () => {
    const server = serving({ maxPerAddress: 1 });
    const closing = manualConnection({
      holdWrites: true,
      extraInfo: { peername: { address: 'a', family: 'IPv4', port: 1 } },
    });
    server.source.next(closing);
    closing.writer.write('not sent yet');
    server.done.next();
    connect(server, 'a');
    expect(codes(server)).toEqual(['ERR_ADDRESS_LIMIT']);
    closing.transport.drain();
    connect(server, 'a');
    expect(codes(server)).toEqual(['ERR_ADDRESS_LIMIT']);
    expect(server.served.length).toBe(2);
  });

  it('takes no place for one that is refused, for whatever reason', () => {
    const server = serving({ maxPerAddress: 2, concurrency: 1, maxPending: 0 });
    connect(server, 'a', 'a', 'a', 'a');
    expect(codes(server)).toEqual(Array(3).fill('ERR_TOO_MANY_CONNECTIONS'));
    expect(server.refused[0]![1]).toBeInstanceOf(TooManyConnectionsError);
    server.done.next();
    connect(server, 'a');
    expect(server.served.length).toBe(2);
  });

  it(
    'frees a place at the very time',
    marbles((m) => {
      const [a, b, c] = [from('x'), from('x'), from('x')];
      const refused = new Subject<string>();
      const served$ = m.hot<Connection>('a-b-c-|', { a, b, c }).pipe(
        serve(
          (connection) =>
            of(connection === a ? 'a' : connection === b ? 'b' : 'c').pipe(delay(3, m.scheduler)),
          {
            maxPerAddress: 1,
            onError: (error) => refused.next((error as AddressLimitError).code),
          },
        ),
      );
      m.expect(served$).toBeObservable(' ---a---(c|)');
      m.expect(refused).toBeObservable('--e', { e: 'ERR_ADDRESS_LIMIT' });
    }),
  );

  describe('addressOf', () => {
    it('says whom a connection is counted for, in any form of an address, or by any name', () => {
      const names = ['alice', 'alice', 'bob', '2001:db8::1', '2001:DB8:0:0::2', undefined, undefined];
      const server = serving({ maxPerAddress: 1, addressOf: () => names.shift() });
      connect(server, ...Array<string>(7).fill('192.0.2.1'));
      expect(server.served.length).toBe(5);
      expect(server.refused.map(([, error]) => (error as AddressLimitError).address)).toEqual([
        'alice',
        '2001:db8:0:0::/64',
      ]);
    });

    it('is not asked without a maxPerAddress', () => {
      let asked = 0;
      const server = serving({ addressOf: () => String(asked++) });
      connect(server, 'a', 'a');
      expect(server.served.length).toBe(2);
      expect(asked).toBe(0);
    });

    it('that throws refuses that connection with its error, and no other', () => {
      for (const thrown of [new Error('no address'), undefined]) {
        let asked = 0;
        const server = serving({
          maxPerAddress: 1,
          addressOf: () => {
            if (++asked === 1) throw thrown!;
            return 'a';
          },
        });
        const [bad] = connect(server, 'a', 'b');
        expect(bad!.transport.calls).toEqual(['abort']);
        expect(server.refused.map(([, error]) => error)).toEqual([thrown]);
        expect(server.served.length).toBe(1);
      }
    });

    it('may stop serving: the connection is closed, and its handler never runs', () => {
      const server: Served = serving({ maxPerAddress: 1, addressOf: () => (server.stop.next(), 'a') });
      const [closed] = connect(server, 'a');
      expect(closed!.transport.calls).toEqual(['close']);
      expect(server.served).toEqual([]);
      expect(server.log).toEqual(['|']);
    });

    it('may bring the next connection: both are counted', () => {
      let asked = 0;
      const server: Served = serving({
        maxPerAddress: 1,
        addressOf: () => {
          if (++asked === 1) connect(server, 'inner');
          return 'a';
        },
      });
      connect(server, 'outer');
      expect(server.served.map(({ writer }) => writer.getExtraInfo('peername')!.address)).toEqual(['inner']);
      expect(codes(server)).toEqual(['ERR_ADDRESS_LIMIT']);
    });
  });

  it('unsubscribing closes them, and each subscription counts for itself', () => {
    const operator = serve(() => NEVER, { maxPerAddress: 1, onError: fail });
    for (let i = 0; i < 2; i++) {
      const connection = from('a');
      concat(of<Connection>(connection), NEVER).pipe(operator).subscribe().unsubscribe();
      expect(connection.transport.calls).toEqual(['close']);
    }
  });
});
