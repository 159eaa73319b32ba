import { catchError, concat, EMPTY, from, map, of, Subject, take, tap, throwError } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { decode, type Decoder } from '../../src/index.js';
import { checkCases } from '../diagrams/checkCases.js';
import { decodeCases } from '../diagrams/operators.js';
import { shouts } from '../diagrams/shouts.js';
import { bytes, record } from '../streams/record.js';

const chunks = { b: 'b!' };
const frames = { b: 'b!' };

describe('decode', () => {
  checkCases(decodeCases);

  it(
    'unsubscribes from the source at once',
    marbles((m) => {
      const source$ = m.cold('--b--b--b--|', chunks);
      m.expect(source$.pipe(map(bytes), decode(shouts), take(2))).toBeObservable('--b--(b|)', frames);
      m.expect(source$).toHaveSubscriptions('^----!');
    }),
  );

  it('has state of its own for each subscription', () => {
    const source$ = of('a', 'b!').pipe(map(bytes), decode(shouts));
    expect([...record(source$).log, ...record(source$).log]).toEqual(['ab!', '|', 'ab!', '|']);
  });

  it('takes no more from a synchronous source than it needs', () => {
    let pulled = 0;
    function* endless(): Generator<Uint8Array> {
      for (;;) {
        pulled++;
        yield bytes('a!');
      }
    }
    expect(record(from(endless()).pipe(decode(shouts), take(3))).log).toEqual(['a!', 'a!', 'a!', '|']);
    expect(pulled).toBe(3);
  });

  it('survives a source that is fed, and completed, from inside next', () => {
    const source$ = new Subject<Uint8Array>();
    const log = record(
      source$.pipe(
        decode(shouts),
        tap((frame) => {
          if (frame === 'a!') source$.next(bytes('c!'));
          if (frame === 'b!') source$.complete();
        }),
      ),
    );
    source$.next(bytes('a!b!'));
    expect(log.log).toEqual(['a!', 'b!', 'c!', '|']);
  });

  it('errors with what the decoder throws, and with what its factory throws', () => {
    const fails = (): Decoder<never> => ({
      decode() {
        throw new Error('bad frame');
      },
    });
    const factoryFails = (): never => {
      throw new Error('no decoder');
    };
    expect(record(of(bytes('a')).pipe(decode(fails))).log).toEqual(['# bad frame']);
    expect(record(of(bytes('a')).pipe(decode(factoryFails))).log).toEqual(['# no decoder']);
  });

  it('errors when the source gives something else than bytes', () => {
    const log = record(of('text' as unknown as Uint8Array).pipe(decode(shouts)));
    expect(log.log.length).toBe(1);
    expect(log.log[0]).toContain('must be a Uint8Array, not text');
  });

  it('refuses at the call what makes no decoder', () => {
    expect(() => decode(shouts() as never)).toThrowError(
      TypeError,
      /^A decoder factory, as lines\(\), is expected/,
    );
  });

  it('lets the decoder have the last word at the end', () => {
    const withRest = (): Decoder<string> => ({
      ...shouts(),
      end: (queue) => (queue.length > 0 ? `rest ${queue.takeText(queue.length)!}` : undefined),
    });
    expect(record(of('a!b').pipe(map(bytes), decode(withRest))).log).toEqual(['a!', 'rest b', '|']);
    expect(record(of('a!').pipe(map(bytes), decode(withRest))).log).toEqual(['a!', '|']);
  });

  it('keeps an error without a value an error', () => {
    const log: unknown[] = [];
    concat(
      of(bytes('a!')),
      throwError(() => undefined),
    )
      .pipe(
        decode(shouts),
        catchError((error: unknown) => {
          log.push(['error', error]);
          return EMPTY;
        }),
      )
      .subscribe((frame) => log.push(frame));
    expect(log).toEqual(['a!', ['error', undefined]]);
  });
});
