import {
  catchError,
  concat,
  from,
  map,
  NEVER,
  of,
  Subject,
  take,
  throwError,
  VirtualTimeScheduler,
  type Observable,
} from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { silence, type StreamError } from '../../src/index.js';
import { marbleConnection } from '../../src/testing.js';
import { copyBytes } from '../../src/bytes/text.js';
import { bytes, record, text } from '../streams/record.js';

const rows: [name: string, source: string, expected: string, error?: string][] = [
  ['a pause ends the frame', '-a-b----c----|', '------x----c-|'],
  ['only a pause that is longer than it does', '-a--b--c-----|', '----------y--|'],
  ['the end of the source ends the frame too', '-a-b|', '----(x|)'],
  ['completes with a source that has nothing', '--------|', '--------|'],
  ['empty chunks do not make a pause shorter or longer', '-a-e----|', '----a---|'],
  ['drops the frame under way with an error', '-a----b#', '----a--#', 'error'],
  ['errors for the first byte too many', '-a-w-|', '---#', 'ERR_LIMIT_OVERRUN'],
  ['takes as many bytes as fit', '-w-------|', '----w----|'],
];

describe('silence', () => {
  for (const [name, source, expected, error] of rows) {
    it(
      name,
      marbles((m) => {
        const source$ = m
          .cold(source, { a: 'a', b: 'b', c: 'c', e: '', w: 'wwww' })
          .pipe(map(copyBytes), silence(3, { maxLength: 4, scheduler: m.scheduler }), map(text));
        const frames$ = error === undefined || error === 'error' ? source$ : source$.pipe(codes);
        m.expect(frames$).toBeObservable(expected, { a: 'a', c: 'c', w: 'wwww', x: 'ab', y: 'abc' }, error);
      }),
    );
  }

  it(
    'cuts what a reader gives',
    marbles((m) => {
      const { reader } = marbleConnection(m, { incoming: '-a-b-----c|' });
      const frames$ = reader.chunks().pipe(silence(3, { scheduler: m.scheduler }), map(text));
      m.expect(frames$).toBeObservable('------x---(c|)', { x: 'ab', c: 'c' });
    }),
  );

  it('leaves no timer and no source behind', () => {
    const scheduler = new VirtualTimeScheduler();
    const source = new Subject<Uint8Array>();
    const subscription = source.pipe(silence(3, { scheduler })).subscribe();
    source.next(bytes('a'));
    subscription.unsubscribe();
    expect(source.observed).toBeFalse();
    scheduler.flush();
    expect(scheduler.now()).toBe(0);
  });

  it('has no timer while there is nothing that it could emit', () => {
    const scheduler = new VirtualTimeScheduler();
    const source = new Subject<Uint8Array>();
    const { log } = record(source.pipe(silence(3, { scheduler })));
    source.next(bytes(''));
    scheduler.flush();
    expect(scheduler.now()).toBe(0);
    expect(log).toEqual([]);
  });

  it('stops a synchronous source at an error', () => {
    let given = 0;
    const source$ = from(['a', 'b', 'c', 'd']).pipe(
      map((letter) => {
        given++;
        return bytes(letter);
      }),
    );
    expect(record(source$.pipe(silence(3, { maxLength: 2 }))).log).toEqual(['# ERR_LIMIT_OVERRUN']);
    expect(given).toBe(3);
  });

  it('hears what comes while it emits', () => {
    const scheduler = new VirtualTimeScheduler();
    const source = new Subject<Uint8Array>();
    const log: string[] = [];
    source.pipe(silence(3, { scheduler }), take(2)).subscribe({
      next: (frame) => {
        log.push(text(frame));
        source.next(bytes('again'));
      },
      complete: () => log.push('|'),
    });
    source.next(bytes('once'));
    scheduler.flush();
    expect(log).toEqual(['once', 'again', '|']);
    expect(source.observed).toBeFalse();
  });

  it('after a busy time hears first what has come meanwhile', () => {
    const scheduler = new VirtualTimeScheduler();
    const source = new Subject<Uint8Array>();
    const { log } = record(source.pipe(silence(3, { scheduler })));
    source.next(bytes('a'));
    // Due at the same time as the pause, and told of after it.
    scheduler.schedule(() => source.next(bytes('b')), 3);
    scheduler.flush();
    expect(log).toEqual(['ab']);
  });

  it('emits a single chunk as it is', () => {
    const chunk = bytes('abc');
    let frame: Uint8Array | undefined;
    of(chunk)
      .pipe(silence(3))
      .subscribe((bytes) => (frame = bytes));
    expect(frame).toBe(chunk);
  });

  it('passes on a chunk that is none as an error', () => {
    const source$ = concat(of('text' as unknown as Uint8Array), NEVER);
    expect(record(source$.pipe(silence(3))).log[0]).toMatch(/A chunk must be a Uint8Array/);
  });

  it('refuses bad arguments at the call', () => {
    for (const milliseconds of [0, -1, NaN, 2 ** 31, '5' as never]) {
      expect(() => silence(milliseconds)).toThrowError(RangeError, /silence/);
    }
    expect(() => silence(5, { maxLength: 0 })).toThrowError(RangeError, /maxLength/);
    expect(() => silence(5, 7 as never)).toThrowError(TypeError, /options must be an object/);
  });
});

function codes(frames$: Observable<string>): Observable<string> {
  return frames$.pipe(catchError((error: StreamError) => throwError(() => error.code)));
}
