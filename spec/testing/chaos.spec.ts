import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { ConnectionLostError, type Decoder } from '../../src/index.js';
import type { Chaos } from '../../src/testing/chaos.js';
import { chaos, chaosFrom, withChaos, type ChaosRates } from '../../src/testing/chaos.js';
import { networkPair } from '../../src/testing/networkPair.js';
import { networkTransports, type NetworkOptions } from '../../src/testing/NetworkTransport.js';
import { difference, joined, seededBytes, seededChunks } from '../contracts/bytes.js';
import { text } from '../streams/record.js';

describe('chaos', () => {
  /** Everything that the two ends are told, with its time, while each writes a little now and then. */
  function events(trouble: Chaos | undefined, options: NetworkOptions = {}): string[] {
    const scheduler = new VirtualTimeScheduler();
    const ends = networkTransports({
      latency: 3,
      ...options,
      ...(trouble === undefined ? {} : { chaos: trouble }),
      scheduler,
    });
    const log: string[] = [];
    ends.forEach((end, i) => {
      const tell = (what: string): number => log.push(`${scheduler.now()} ${i}: ${what}`);
      end.start({
        data: (chunk) => tell(text(chunk)),
        eof: () => tell('|'),
        flushed: () => tell(`queue ${end.writeQueueSize}`),
        closed: (error) => tell(error instanceof Error ? `closed ${error.message}` : 'closed'),
      });
      for (let turn = 0; turn < 10; turn++) {
        scheduler.schedule(() => {
          end.write(`<${i} says ${turn}>`);
          end.write(`<${i} says so>`);
        }, turn);
      }
      scheduler.schedule(() => end.close(), 500);
    });
    scheduler.flush();
    return log;
  }

  function failure(action: () => void): Error {
    try {
      action();
    } catch (error) {
      return error as Error;
    }
    throw new Error('expected an error');
  }

  const everything: ChaosRates = { delays: 0.2, resets: 0.02, halfCloses: 0.02, maxDelay: 20 };

  it('gives the same events for the same seed, and others for another', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const log = events(chaos(seed, everything), { window: 30, bandwidth: 3000 });
      expect(events(chaos(seed, everything), { window: 30, bandwidth: 3000 })).toEqual(log);
      seen.add(log.join('\n'));
    }
    expect(seen.size).toBe(50);
  });

  it('gives these events for seed 1, on every machine', () => {
    const log = events(chaos(1)).slice(0, 8);
    expect(log).toEqual(SEED_1);
  });

  it('cuts, joins and changes turns', () => {
    const withWhole = events(undefined);
    expect(withWhole.slice(0, 4)).toEqual([
      '3 1: <0 says 0>',
      '3 1: <0 says so>',
      '3 0: <1 says 0>',
      '3 0: <1 says so>',
    ]);
    let [cut, joins, turns] = [0, 0, 0];
    withChaos((trouble) => {
      const log = events(trouble);
      if (log.some((line) => /: <[^>]*$/.test(line))) cut++;
      if (log.some((line) => line.includes('><'))) joins++;
      if (log[0]?.startsWith('3 0:') !== withWhole[0]?.startsWith('3 0:')) turns++;
    });
    for (const count of [cut, joins, turns]) expect(count).toBeGreaterThan(20);
  });

  it('keeps a piece within chunkSize', () => {
    withChaos((trouble) => {
      for (const line of events(trouble, { chunkSize: 2 })) {
        const piece = /: ([^|cq].*)$/.exec(line)?.[1];
        if (piece !== undefined && piece.length > 2) throw new Error(line);
      }
    });
    expect(events(chaos(1), { chunkSize: 2 }).length).toBeGreaterThan(100);
  });

  it('makes pieces late, the ones behind them too, and by no more than maxDelay', () => {
    const arrivals = new Set<number>();
    withChaos(
      (trouble) => {
        const scheduler = new VirtualTimeScheduler();
        const [one, other] = networkPair({ scheduler, latency: 3, chaos: trouble });
        const log: string[] = [];
        other.reader.chunks().subscribe((chunk) => {
          arrivals.add(scheduler.now());
          log.push(text(chunk));
        });
        one.writer.write('one');
        scheduler.schedule(() => one.writer.write('two'), 100);
        scheduler.flush();
        if (log.join() !== 'one,two') throw new Error(log.join());
      },
      { rates: { pieces: 0, delays: 1, maxDelay: 20 } },
    );
    expect([...new Set([...arrivals].map((time) => time % 100))].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => 4 + i),
    );
  });

  it('brings all bytes, in order, both ways, for 200 seeds', () => {
    let runs = 0;
    withChaos(
      (trouble) => {
        const seed = trouble.seed!;
        runs++;
        const scheduler = new VirtualTimeScheduler();
        const [one, other] = networkPair({
          scheduler,
          latency: seed % 3,
          window: 1 + (seed % 7) * 100,
          limit: 64,
          chaos: trouble,
          ...(seed % 2 === 0 ? { bandwidth: 10_000 } : {}),
        });
        const [forth, back] = [seededBytes(seed, 2000), seededBytes(seed + 1, 3000)];
        const received: [Uint8Array[], Uint8Array[]] = [[], []];
        other.reader.chunks().subscribe((chunk) => received[0].push(chunk));
        one.reader.chunks().subscribe((chunk) => received[1].push(chunk));
        seededChunks(seed, forth, 300).forEach((chunk, i) =>
          scheduler.schedule(() => one.writer.write(chunk), i * 2),
        );
        seededChunks(seed, back, 300).forEach((chunk, i) =>
          scheduler.schedule(() => other.writer.write(chunk), i * 3),
        );
        scheduler.schedule(() => one.writer.close(), 1_000_000);
        scheduler.flush();
        const wrong = [difference(joined(received[0]), forth), difference(joined(received[1]), back)];
        if (wrong.join() !== 'none,none') throw new Error(wrong.join());
      },
      { runs: 200, rates: { delays: 0.1 } },
    );
    expect(runs).toBe(200);
  });

  const frame = (): Decoder<string> => {
    return {
      decode(bytes) {
        const length = bytes.peek();
        if (length === undefined || bytes.length <= length) return undefined;
        bytes.skip(1);
        return bytes.takeText(length);
      },
    };
  };

  it('makes no difference to a client of a protocol', () => {
    const replies = new Set<string>();
    withChaos((trouble) => {
      const [client, server] = networkPair({ chaos: trouble });
      server.reader.frames(frame).subscribe((name) => {
        const reply = `hello ${name}`;
        server.writer.write(Uint8Array.of(reply.length));
        server.writer.write(reply);
      });
      const log: string[] = [];
      client.reader.frames(frame).subscribe((reply) => log.push(reply));
      client.writer.write('\u0003bob\u0005alice');
      client.writer.write('\u0000\u0006carol!');
      replies.add(log.join());
    });
    expect([...replies]).toEqual(['hello bob,hello alice,hello ,hello carol!']);
  });

  it('resets both ends, with the seed in the message', () => {
    const [one, other] = networkPair({ chaos: chaos(4711, { resets: 1 }) });
    const losses: Error[] = [];
    for (const { reader } of [one, other])
      reader.read().subscribe({ error: (error: Error) => losses.push(error) });
    one.writer.write('never arrives');
    expect(losses.length).toBe(2);
    for (const loss of losses) {
      expect(loss).toBeInstanceOf(ConnectionLostError);
      expect(loss.cause).toEqual(
        jasmine.objectContaining({
          code: 'ECONNRESET',
          message: 'read ECONNRESET, by chaos(4711, {"resets":1})',
        }),
      );
    }
  });

  it('ends a direction early and swallows the rest of it; the other direction goes on', () => {
    const [one, other] = networkPair({ chaos: chaosFrom([0, 1 - 2 ** -20], { pieces: 0, halfCloses: 0.5 }) });
    const log: string[] = [];
    other.reader.chunks().subscribe({
      next: (chunk) => log.push(text(chunk)),
      complete: () => log.push('|'),
    });
    one.reader.chunks().subscribe((chunk) => log.push(`back: ${text(chunk)}`));
    one.writer.write('first');
    one.writer.write('lost');
    one.writer.write('lost');
    other.writer.write('still here');
    expect(log).toEqual(['first', '|', 'back: still here']);
    expect(one.writer.transport.writeQueueSize).toBe(0);
    other.writer.close();
    one.writer.close();
    expect([one, other].map(({ writer }) => writer.isClosing())).toEqual([true, true]);
    let closed = 0;
    for (const { writer } of [one, other]) writer.waitClosed().subscribe(() => closed++);
    expect(closed).toBe(2);
  });

  it('ends every connection in a way that both ends hear of, whatever goes wrong', () => {
    withChaos(
      (trouble) => {
        const log = events(trouble, { window: 20 });
        for (const end of ['0', '1']) {
          const told = log.filter((line) => line.includes(` ${end}: closed`));
          if (told.length !== 1) throw new Error(log.join('\n'));
        }
      },
      { runs: 300, rates: everything },
    );
    expect(events(chaos(1, everything)).length).toBeGreaterThan(0);
  });

  it('has a seed that can be read, and says how to make it again', () => {
    expect(chaos(7).seed).toBe(7);
    expect(chaos(7).replay).toBe('chaos(7)');
    expect(chaos(7, { resets: 0.5 }).replay).toBe('chaos(7, {"resets":0.5})');
    expect(chaosFrom([0.5, 0]).seed).toBeUndefined();
    expect(chaosFrom([0.5, 0]).replay).toBe('chaosFrom([0.5,0])');
  });

  it('refuses what is out of range', () => {
    for (const seed of [-1, 1.5, NaN, 2 ** 32]) {
      expect(() => chaos(seed)).toThrowError(
        RangeError,
        `seed must be an integer from 0 to 2^32 - 1, not ${seed}`,
      );
    }
    for (const name of ['pieces', 'turns', 'delays', 'resets', 'halfCloses']) {
      expect(() => chaos(1, { [name]: 1.1 })).toThrowError(
        RangeError,
        `${name} must be a probability from 0 to 1, not 1.1`,
      );
    }
    expect(() => chaos(1, { maxDelay: 0 })).toThrowError(RangeError, /maxDelay .* not 0$/);
    expect(() => chaosFrom([0.5, 1])).toThrowError(
      RangeError,
      'A decision must be a number from 0 to below 1, not 1',
    );
    expect(() => withChaos(() => undefined, { runs: 0 })).toThrowError(
      RangeError,
      'runs must be a positive integer, not 0',
    );
    expect(() => withChaos(() => undefined, { seed: -1 })).toThrowError(RangeError, /not -1$/);
  });

  describe('withChaos', () => {
    // Takes the first chunk for the whole message.
    function buggy(trouble: Chaos): void {
      const [client, server] = networkPair({ chaos: trouble });
      let message: string | undefined;
      server.reader.chunks().subscribe((chunk) => (message ??= text(chunk)));
      client.writer.write('hello');
      if (message !== 'hello') throw new Error(`got ${String(message)}`);
    }

    it('runs the body for 100 seeds from 1 on', () => {
      const seeds: (number | undefined)[] = [];
      withChaos((trouble) => seeds.push(trouble.seed));
      expect(seeds).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    });

    it('names the seed that fails, how to run it again, and the cause', () => {
      const error = failure(() => withChaos(buggy));
      const [, seed, run] = /chaos\((\d+)\) \(run (\d+) of 100\): got \w+\n/.exec(error.message) ?? [];
      expect(seed).toBe(run);
      expect(error.message).toContain(`withChaos(run, { seed: ${seed}, runs: 1 })`);
      const cause = error.cause as Error;
      expect(error.message).toContain(cause.message);

      const again = failure(() => withChaos(buggy, { seed: Number(seed), runs: 1 }));
      expect((again.cause as Error).message).toBe(cause.message);
    });

    it('repeats the rates in what to run again', () => {
      const run = (): void => {
        throw new Error('no');
      };
      expect(failure(() => withChaos(run, { seed: 2 ** 32 - 1, rates: { resets: 0.25 } })).message).toBe(
        'Fails with chaos(4294967295, {"resets":0.25}) (run 1 of 100): no\n' +
          'To run just this one again: withChaos(run, { seed: 4294967295, runs: 1, rates: {"resets":0.25} })',
      );
    });

    it('refuses a body that goes on after its return', () => {
      expect(() => withChaos(() => Promise.resolve())).toThrowError(TypeError, /synchronous/);
    });

    it('is found by fast-check too, which shrinks it to one decision', () => {
      const decisions = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
      const found = fc.check(
        fc.property(decisions, (list) => buggy(chaosFrom(list))),
        { seed: 1 },
      );
      expect(found.failed).toBeTrue();
      expect(found.counterexample?.[0].length).toBe(1);
      expect(failure(() => buggy(chaosFrom(found.counterexample![0]))).message).toMatch(/^got hel?l?$/);
    });
  });

  it('decides without trouble after the end of a list', () => {
    expect(events(chaosFrom([]))).toEqual(events(undefined));
    const rates = { delays: 1 / 2, resets: 1 / 2, halfCloses: 1 / 2 };
    expect(events(chaosFrom([], rates))).toEqual(events(undefined));
  });
});

// Of mulberry32 with seed 1: a change of the generator or of the order of decisions shows here.
const SEED_1 = [
  '3 0: <1 says 0>',
  '3 0: <',
  '3 0: 1 says so>',
  '3 1: <0 says 0><0 says',
  '3 1:  s',
  '3 1: o>',
  '4 0: <1 says 1>',
  '4 1: <0 says 1>',
];
