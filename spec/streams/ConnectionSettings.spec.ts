import { asyncScheduler, VirtualTimeScheduler } from 'rxjs';
import { RateLimit, type ConnectionOptions, type Transport } from '../../src/index.js';
import { ConnectionSettings } from '../../src/streams/ConnectionSettings.js';
import { RatedTransport } from '../../src/streams/RatedTransport.js';
import { BareTransport } from './BareTransport.js';

describe('ConnectionSettings', () => {
  it('have defaults', () => {
    const settings = ConnectionSettings.of();
    const { limit, highWaterMark, lowWaterMark, closeTimeout, scheduler } = settings;
    expect([limit, highWaterMark, lowWaterMark, closeTimeout]).toEqual([65536, 65536, 16384, 30_000]);
    expect(scheduler).toBe(asyncScheduler);
    const { idleTimeout, readRate, wrap } = settings;
    expect([idleTimeout, readRate, wrap]).toEqual([undefined, undefined, undefined]);
  });

  it('take what is given, and stay what they are when they are given again', () => {
    const options: ConnectionOptions = {
      limit: 5,
      highWaterMark: 9,
      lowWaterMark: 4,
      closeTimeout: 0,
      idleTimeout: 7,
      scheduler: new VirtualTimeScheduler(),
      readRate: new RateLimit({ bytesPerSecond: 3 }),
      wrap: (transport) => transport,
    };
    const settings = ConnectionSettings.of(options);
    for (const [name, value] of Object.entries(options))
      expect(Reflect.get(settings, name)).withContext(name).toBe(value);
    expect(ConnectionSettings.of(settings)).toBe(settings);
  });

  it('have whole marks: the low one is a quarter of the high, rounded down', () => {
    const { highWaterMark, lowWaterMark } = ConnectionSettings.of({ highWaterMark: 7 });
    expect([highWaterMark, lowWaterMark]).toEqual([7, 1]);
    expect(ConnectionSettings.of({ lowWaterMark: 7 }).highWaterMark).toBe(28);
    for (const mark of [0, 3]) {
      const same = ConnectionSettings.of({ highWaterMark: mark, lowWaterMark: mark });
      expect([same.highWaterMark, same.lowWaterMark]).toEqual([mark, mark]);
    }
  });

  it('say what is wrong with marks', () => {
    const message = (high: unknown, low: unknown): string =>
      `Water marks must be highWaterMark >= lowWaterMark >= 0 (bytes), not ${String(high)} and ${String(low)}`;
    for (const [high, low] of [
      [1, 2],
      [1, -1],
      [NaN, 0],
      [5, NaN],
      [Infinity, 0],
      [Infinity, Infinity],
      ['10', 2],
      [10, '2'],
      [10n, 2],
    ])
      expect(() => ConnectionSettings.of({ highWaterMark: high, lowWaterMark: low } as never)).toThrowError(
        RangeError,
        message(high, low),
      );
  });

  it('say what is wrong with the others', () => {
    const wrong: [options: unknown, message: RegExp][] = [
      [{ limit: 0 }, /^limit must be/],
      [{ closeTimeout: -1 }, /^closeTimeout must be 0 to/],
      [{ idleTimeout: 0 }, /^idleTimeout must be more than 0/],
      [{ scheduler: {} }, /^scheduler must have a method schedule, not/],
      [{ readRate: {} }, /^readRate must be a RateLimit \(new RateLimit\(\{ bytesPerSecond \}\)\), not/],
      [{ wrap: {} }, /^wrap must be a function/],
      [5, /options/],
    ];
    for (const [options, message] of wrong)
      expect(() => ConnectionSettings.of(options as never)).toThrowError(message);
  });

  describe('wrap a transport', () => {
    const inner = new BareTransport();

    it('in nothing, in what wrap gives, and in a rate', () => {
      const outer = new BareTransport();
      expect(ConnectionSettings.of().wrapped(inner)).toBe(inner);
      const given: Transport[] = [];
      const wrap = (transport: Transport): Transport => {
        given.push(transport);
        return outer;
      };
      expect(ConnectionSettings.of({ wrap }).wrapped(inner)).toBe(outer);
      expect(given).toEqual([inner]);
      const rate = new RateLimit({ bytesPerSecond: 3 });
      for (const readRate of [rate, () => rate]) {
        const rated = ConnectionSettings.of({ wrap, readRate }).wrapped(inner);
        expect(rated).toBeInstanceOf(RatedTransport);
        expect(Reflect.get(rated, 'inner')).toBe(outer);
      }
    });

    it('in nothing else than a transport, nor in the promise of one, whose failure is nobody else’s', async () => {
      const message = /^What wrap returns must be a Transport, not /;
      const wrapped = (result: unknown) => () =>
        ConnectionSettings.of({ wrap: () => result as Transport }).wrapped(inner);
      for (const result of [undefined, {}, 5]) expect(wrapped(result)).toThrowError(TypeError, message);
      await jasmine.spyOnGlobalErrorsAsync(async (unhandled) => {
        expect(wrapped(Promise.reject(new Error('later')))).toThrowError(TypeError, message);
        await new Promise((resolve) => setTimeout(resolve));
        expect(unhandled).not.toHaveBeenCalled();
      });
    });
  });
});
