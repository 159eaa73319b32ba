import { config } from 'rxjs';
import { Reentrant, rethrow } from '../../src/streams/Reentrant.js';

describe('Reentrant', () => {
  it('does the work at each call', () => {
    let done = 0;
    const work = new Reentrant(() => done++);
    work.run();
    work.run();
    expect(done).toBe(2);
    expect(work.running).toBeFalse();
  });

  it('does what is asked for from inside after the call under way, in a flat stack', () => {
    const order: string[] = [];
    let left = 100_000;
    const work: Reentrant = new Reentrant(() => {
      order.length = 0;
      order.push('begin');
      expect(work.running).toBeTrue();
      if (left-- > 0) work.run();
      order.push('end');
    });
    work.run();
    expect(left).toBe(-1);
    expect(order).toEqual(['begin', 'end']);
  });

  it('is done once more after the call under way, however often it was asked for from inside', () => {
    const log: string[] = [];
    const work: Reentrant = new Reentrant(() => {
      log.push(`begin, ${work.running ? 'running' : 'idle'}`);
      if (log.length === 1) for (let i = 0; i < 3; i++) work.run();
      log.push('end');
    });
    work.run();
    expect(log).toEqual(['begin, running', 'end', 'begin, running', 'end']);
  });

  it('throws what its work threw, where that has one subscriber only', () => {
    const work = new Reentrant(() => {
      throw new Error('of the work');
    }, rethrow);
    expect(() => work.run()).toThrowError('of the work');
    expect(work.running).toBeFalse();
  });

  it('goes on after an error, which is reported', () => {
    const errors: unknown[] = [];
    const waiting = ['good', 'bad', 'good', 'bad', 'good'];
    const done: string[] = [];
    const work = new Reentrant(
      () => {
        while (waiting.length > 0) {
          const next = waiting.shift()!;
          if (next === 'bad') throw new Error(next);
          done.push(next);
        }
      },
      (error) => errors.push(error),
    );
    work.run();
    expect(done).toEqual(['good', 'good', 'good']);
    expect(errors).toEqual([new Error('bad'), new Error('bad')]);
    expect(work.running).toBeFalse();
  });

  it('can be used again after the report itself has failed', () => {
    let bad = true;
    let done = 0;
    const work = new Reentrant(
      () => {
        if (bad) throw new Error('of the work');
        done++;
      },
      (error) => {
        throw error;
      },
    );
    expect(() => work.run()).toThrowError('of the work');
    bad = false;
    work.run();
    expect(done).toBe(1);
  });

  it('reports to RxJS where nobody else is named', (done) => {
    const before = config.onUnhandledError;
    config.onUnhandledError = (error) => {
      config.onUnhandledError = before;
      expect(error).toEqual(new Error('nobody'));
      done();
    };
    let bad = true;
    new Reentrant(() => {
      if (!bad) return;
      bad = false;
      throw new Error('nobody');
    }).run();
  });
});
