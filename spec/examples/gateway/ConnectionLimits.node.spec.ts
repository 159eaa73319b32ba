import fc from 'fast-check';
import { VirtualTimeScheduler, type Subscription } from 'rxjs';
import {
  ConnectionLimits,
  TooManyConnections,
  type Limits,
} from '../../../examples/gateway/ConnectionLimits.js';

const FEW: Limits = {
  address: { open: 2, perMinute: 3 },
  origin: { open: 4, perMinute: 6 },
  gateway: { open: 10, perMinute: 20 },
};

describe('examples: the limits of the gateway', () => {
  let now: number;
  let limits: ConnectionLimits;
  const places: Subscription[] = [];

  beforeEach(() => {
    now = 0;
    const scheduler = new VirtualTimeScheduler();
    scheduler.now = () => now;
    limits = new ConnectionLimits(FEW, scheduler);
    places.length = 0;
  });

  function admit(address: string, origin?: string): string {
    try {
      places.push(limits.admit(address, origin));
      return 'ok';
    } catch (error) {
      if (!(error instanceof TooManyConnections)) throw error;
      return error.message;
    }
  }

  it('has so many places for each address, and gives one anew when it is free again', () => {
    expect(['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2'].map((address) => admit(address))).toEqual([
      'ok',
      'ok',
      'too many connections of this address',
      'ok',
    ]);
    places[0]!.unsubscribe();
    // Given back twice it is one place all the same.
    places[0]!.unsubscribe();
    expect([admit('192.0.2.1'), admit('192.0.2.1')]).toEqual(['ok', 'too many connections of this address']);
  });

  it('admits so many in any minute, and those that it refuses do not count', () => {
    for (const time of [0, 20_000, 40_000]) {
      now = time;
      expect(admit('192.0.2.1')).toBe('ok');
      places.at(-1)!.unsubscribe();
    }
    for (const time of [40_000, 50_000, 59_999]) {
      now = time;
      expect(admit('192.0.2.1')).toBe('too many new connections of this address');
    }
    now = 60_000;
    expect(admit('192.0.2.1')).toBe('ok');
    expect(admit('192.0.2.1')).toBe('too many new connections of this address');
    now = 80_000;
    expect(admit('192.0.2.1')).toBe('ok');
  });

  it('has limits for an origin, whatever the addresses are', () => {
    const from = (i: number, origin?: string): string => admit(`192.0.2.${i}`, origin);
    expect([1, 2, 3, 4].map((i) => from(i, 'https://a.example'))).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(from(5, 'https://a.example')).toBe('too many connections of this origin');
    expect(from(5, 'https://b.example')).toBe('ok');
    expect(from(6)).toBe('ok');
    for (const place of places) place.unsubscribe();
    expect([7, 8, 9].map((i) => from(i, 'https://a.example'))).toEqual([
      'ok',
      'ok',
      'too many new connections of this origin',
    ]);
  });

  it('takes nothing of the address where the origin has no place left, and the other way round', () => {
    for (const i of [1, 2, 3, 4]) admit(`192.0.2.${i}`, 'https://a.example');
    expect(admit('192.0.2.9', 'https://a.example')).toBe('too many connections of this origin');
    expect([admit('192.0.2.9'), admit('192.0.2.9')]).toEqual(['ok', 'ok']);
    for (let i = 0; i < 10; i++) expect(admit('192.0.2.9', 'https://b.example')).toMatch(/address$/);
    expect([10, 11, 12, 13].map((i) => admit(`192.0.2.${i}`, 'https://b.example'))).toEqual([
      'ok',
      'ok',
      'ok',
      'ok',
    ]);
  });

  it('takes the addresses of a /64 for one, and IPv4 for itself, however it is written', () => {
    expect([admit('2001:db8::1'), admit('2001:db8:0:0:ffff:ffff:ffff:ffff')]).toEqual(['ok', 'ok']);
    expect(admit('2001:db8:0:0:1::')).toBe('too many connections of this address');
    expect(admit('2001:db8:0:1::1')).toBe('ok');
    for (const place of places) place.unsubscribe();
    expect([admit('192.0.2.1'), admit('::ffff:192.0.2.1')]).toEqual(['ok', 'ok']);
    expect(admit('::ffff:c000:201')).toBe('too many connections of this address');
    expect(admit('::ffff:192.0.2.2')).toBe('ok');
  });

  it('remembers what is open and what came in the last minute, and no more', () => {
    const generous = { open: 1e6, perMinute: 1e6 };
    const scheduler = new VirtualTimeScheduler();
    scheduler.now = () => now;
    const many = new ConnectionLimits(
      { address: generous, origin: generous, gateway: { open: 10, perMinute: 600 } },
      scheduler,
    );
    const held = many.admit('2001:db8:ffff::', 'https://held.example');
    let admitted = 0;
    for (let i = 0; i < 10_000; i++) {
      now += 50;
      const address = `2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`;
      try {
        many.admit(address, `https://${i}.example`).unsubscribe();
        admitted++;
      } catch (error) {
        expect((error as Error).message).toBe('too many new connections of this gateway');
      }
      // 600 addresses and origins of this minute, those that are held, and the gateway.
      expect(many.size).toBeLessThanOrEqual(2 * 601 + 1);
    }
    expect(admitted).toBeGreaterThan(4000);
    now += 60_000;
    held.unsubscribe();
    many.admit('192.0.2.1').unsubscribe();
    now += 60_000;
    many.admit('192.0.2.2');
    expect(many.size).toBe(3);
  });

  it('has limits for all together', () => {
    for (let i = 0; i < 10; i++) expect(admit(`192.0.2.${i}`, `https://${i}.example`)).toBe('ok');
    expect(admit('192.0.2.10', 'https://10.example')).toBe('too many connections of this gateway');
    places[0]!.unsubscribe();
    expect(admit('192.0.2.10', 'https://10.example')).toBe('ok');
  });

  it('holds its limits in any minute, whatever comes and goes when', () => {
    const step = fc.record({
      wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40_000 })),
      address: fc.integer({ min: 1, max: 3 }),
      leave: fc.option(fc.nat()),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        now = 0;
        const scheduler = new VirtualTimeScheduler();
        scheduler.now = () => now;
        const own = new ConnectionLimits(FEW, scheduler);
        const open: { address: number; place: Subscription }[] = [];
        const admitted: { address: number; time: number }[] = [];
        for (const { wait, address, leave } of steps) {
          now += wait;
          if (leave !== null && open.length > 0) open.splice(leave % open.length, 1)[0]!.place.unsubscribe();
          const recent = admitted.filter(({ time }) => time > now - 60_000);
          const mayCome =
            open.length < 4 &&
            recent.length < 6 &&
            open.filter((one) => one.address === address).length < 2 &&
            recent.filter((one) => one.address === address).length < 3;
          try {
            open.push({ address, place: own.admit(`192.0.2.${address}`) });
            admitted.push({ address, time: now });
            expect(mayCome).toBeTrue();
          } catch (error) {
            if (!(error instanceof TooManyConnections)) throw error;
            expect(mayCome).toBeFalse();
          }
        }
      }),
    );
  });
});
