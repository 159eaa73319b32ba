import { EMPTY, map, merge, NEVER, Observable, of, Subject, take, tap, throwError, timer } from 'rxjs';
import type { JsMsg } from '@nats-io/jetstream';
import { fromConsumer, type ConsumerOptions, type MessageConsumer } from '../../src/nats.js';
import { Clock, FakeConsumer, turns } from './fakeConsumer.js';

describe('fromConsumer', () => {
  let clock: Clock;
  let fake: FakeConsumer;
  let log: string[];

  beforeEach(() => {
    clock = new Clock();
    fake = new FakeConsumer();
    ({ log } = fake);
  });

  /** Subscribes, with all that happens in one log; the virtual time is that of the options. */
  async function start<R>(project: MessageConsumer<R>, options: ConsumerOptions = {}) {
    const onError = (error: unknown, message?: JsMsg): void =>
      void log.push(`error ${message?.seq ?? '-'} ${(error as Error).message}`);
    const subscription = fromConsumer(fake.consumer, project, {
      scheduler: clock,
      onError,
      ...options,
    }).subscribe({
      next: (value) => log.push(`next ${String(value)}`),
      error: (error: Error) => log.push(`failed ${error.message}`),
      complete: () => log.push('complete'),
    });
    await turns();
    return subscription;
  }

  /** Work that takes so long. */
  function lasting(time: number): MessageConsumer<number> {
    return ({ seq }) => timer(time, clock).pipe(map(() => seq));
  }

  it('asks for a message, works on it, acknowledges it, and only then asks for the next', async () => {
    fake.confirms = false;
    await start(lasting(10));
    fake.deliver(1);
    await clock.passTo(9);
    expect(log).toEqual(['fetch 1', 'close']);
    await clock.passTo(10);
    expect(log.slice(2)).toEqual(['next 1', 'ackAck 1']);
    fake.message(1).confirm(true);
    await turns();
    expect(log.slice(4)).toEqual(['fetch 1']);
  });

  it('frees the place at once where acks are not confirmed', async () => {
    await start(({ seq }) => of(seq), { confirmAcks: false });
    fake.deliver(1);
    await turns();
    expect(log).toEqual(['fetch 1', 'close', 'next 1', 'ack 1', 'fetch 1']);
  });

  it('asks for as many as there is room for, by one request at a time', async () => {
    await start(
      ({ seq }) =>
        timer(10 * seq, clock).pipe(
          take(1),
          map(() => seq),
        ),
      { concurrency: 4 },
    );
    fake.deliver(1, 2, 3);
    await clock.passTo(20);
    expect(log)
      .withContext('the request is still open for one')
      .toEqual(['fetch 4', 'next 1', 'ackAck 1', 'next 2', 'ackAck 2']);
    fake.deliver(4);
    await turns();
    expect(log.slice(5)).withContext('3 and 4 are here').toEqual(['close', 'fetch 2']);
  });

  it('gives back what comes beyond what was asked for', async () => {
    await start(() => NEVER);
    fake.deliver(1, 2, 3);
    await turns();
    expect(log).toEqual(['fetch 1', 'close', 'nak 2', 'nak 3']);
  });

  it('tells JetStream of long work, three times within ack_wait, with one clock for all', async () => {
    fake.config.ack_wait = 300e6;
    await start(lasting(250), { concurrency: 2 });
    fake.deliver(1);
    await clock.passTo(60);
    fake.deliver(2);
    await clock.passTo(230);
    expect(log).toEqual(['fetch 2', 'close', 'working 1', 'working 2', 'working 1', 'working 2']);
    await clock.passTo(1000);
    expect(log.slice(6)).toEqual(['next 1', 'ackAck 1', 'fetch 1', 'working 2', 'next 2', 'ackAck 2']);
    expect(clock.actions.length).withContext('no clock is left').toBe(0);
  });

  it('keeps within the shortest backoff of the consumer', async () => {
    fake.config.backoff = [1e9, 90e6];
    await start(() => NEVER);
    fake.deliver(1);
    await clock.passTo(30);
    expect(log).toEqual(['fetch 1', 'close', 'working 1']);
    log.length = 0;
    await start(() => NEVER, { workingInterval: 90 });
    expect(log).toEqual(['failed workingInterval must be less than ack_wait of the consumer, 90 ms, not 90']);
  });

  it('has a message whose work fails delivered again, and goes on', async () => {
    const project: MessageConsumer<number> = ({ seq }) =>
      seq === 1 ? throwError(() => new Error('bad')) : of(seq);
    await start(project, { retryDelay: (error, count) => (error as Error).message.length + count });
    fake.deliver(1);
    await turns();
    fake.deliver(2);
    await turns();
    expect(log).toEqual([
      ...['fetch 1', 'close', 'error 1 bad', 'nak in 4: 1'],
      ...['fetch 1', 'close', 'next 2', 'ackAck 2', 'fetch 1'],
    ]);
  });

  it('waits longer each time, as long as nobody says how long', async () => {
    await start(() => throwError(() => new Error('bad')), { concurrency: 3 });
    fake.request.push(fake.make(1, 1));
    fake.request.push(fake.make(2, 4));
    fake.request.push(fake.make(3, 40));
    await turns();
    expect(log.filter((line) => line.startsWith('nak'))).toEqual([
      'nak in 1000: 1',
      'nak in 8000: 2',
      'nak in 60000: 3',
    ]);
  });

  it('takes a project that throws for work that fails, and callbacks that throw for none', async () => {
    const project = (): never => {
      throw new Error('thrown');
    };
    const retryDelay = (): number => {
      throw new Error('of retryDelay');
    };
    await start(project, { retryDelay });
    fake.deliver(1);
    await turns();
    expect(log).toEqual([
      ...['fetch 1', 'close', 'error 1 thrown', 'error 1 of retryDelay', 'nak in 1000: 1', 'fetch 1'],
    ]);
    log.length = 0;
    await start(project, { retryDelay: () => -1 });
    fake.deliver(2);
    await turns();
    expect(log[3]).toContain('What retryDelay returns must be 0 to');
    expect(log[4]).toBe('nak in 1000: 2');
  });

  it('is not harmed by an onError that throws', async () => {
    const warnings: string[] = [];
    const warn = spyOn(process, 'emitWarning').and.callFake((warning: Error | string) =>
      warnings.push(String(warning)),
    );
    await start(() => throwError(() => new Error('bad')), {
      onError: () => {
        throw new Error('of onError');
      },
    });
    fake.deliver(1);
    await turns();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warnings).toEqual(['Error: of onError']);
    expect(log).toEqual(['fetch 1', 'close', 'nak in 1000: 1', 'fetch 1']);
  });

  it('tells of an ack that is not confirmed, and goes on', async () => {
    fake.confirms = false;
    await start(() => EMPTY);
    fake.deliver(7);
    await turns();
    fake.message(7).refuse(new Error('timeout'));
    await turns();
    expect(log.slice(2)).toEqual([
      'ackAck 7',
      'error 7 The ack of message 7 of the stream FRAMES was not confirmed: it may be delivered again',
      'fetch 1',
    ]);
  });

  it('stops the work, then gives its message back, when it is unsubscribed', async () => {
    const work = ({ seq }: JsMsg): Observable<never> =>
      new Observable(() => () => log.push(`stopped ${seq}`));
    const subscription = await start(work, { concurrency: 3 });
    fake.deliver(1, 2);
    await turns();
    fake.deliver(3);
    subscription.unsubscribe();
    expect(log).toEqual(
      ['fetch 3', 'stopped 1', 'nak 1', 'stopped 2', 'nak 2', 'close'].sort(inOrderOf(log)),
    );
    expect(log.indexOf('stopped 1')).toBeLessThan(log.indexOf('nak 1'));
    expect(log.indexOf('stopped 2')).toBeLessThan(log.indexOf('nak 2'));
    log.length = 0;
    await turns();
    expect(log).withContext('one that had come just now').toEqual(['nak 3']);
    expect(clock.actions.length).toBe(0);
  });

  it('does not give back what is acknowledged already', async () => {
    fake.confirms = false;
    const subscription = await start(() => EMPTY);
    fake.deliver(1);
    await turns();
    subscription.unsubscribe();
    fake.message(1).confirm(true);
    await turns();
    expect(log.filter((line) => line !== 'close')).toEqual(['fetch 1', 'ackAck 1']);
  });

  it('gives back a message when it is unsubscribed from inside its work, or its onError', async () => {
    const stop = new Subject<void>();
    const project: MessageConsumer<number> = ({ seq }) => {
      stop.next();
      return of(seq);
    };
    const inside = await start(project);
    stop.subscribe(() => inside.unsubscribe());
    fake.deliver(1);
    await turns();
    expect(log.filter((line) => line !== 'close')).toEqual(['fetch 1', 'nak 1']);

    log.length = 0;
    const onError = (): void => inOnError.unsubscribe();
    const inOnError = await start(() => throwError(() => new Error('bad')), { onError });
    fake.deliver(2);
    await turns();
    expect(log.filter((line) => line !== 'close')).toEqual(['fetch 1', 'nak 2']);
  });

  it('can be unsubscribed from inside next', async () => {
    const subscription = await start(({ seq }) =>
      of(seq, seq + 1).pipe(tap(() => subscription.unsubscribe())),
    );
    fake.deliver(1);
    await turns();
    expect(log.filter((line) => line !== 'close')).toEqual(['fetch 1', 'nak 1']);
  });

  it('leaves a teardown that throws to onError, and acknowledges', async () => {
    const work = ({ seq }: JsMsg): Observable<number> =>
      new Observable((subscriber) => {
        subscriber.next(seq);
        subscriber.add(() => {
          throw new Error('of the teardown');
        });
        subscriber.complete();
      });
    await start(work, { confirmAcks: false });
    fake.deliver(1);
    await turns();
    expect(log).toContain('ack 1');
    expect(log.filter((line) => line.startsWith('fetch')).length).toBe(2);
  });

  it('until: asks for nothing more, and completes after the work under way', async () => {
    const until = new Subject<void>();
    await start(lasting(10), { concurrency: 2, until });
    fake.deliver(1);
    await turns();
    until.next();
    fake.deliver(2);
    await clock.passTo(9);
    expect(log).toEqual(['fetch 2', 'close']);
    await clock.passTo(10);
    expect(log.slice(2)).toEqual(['next 1', 'ackAck 1', 'complete']);
  });

  it('until: completes at once where nothing is under way, also before it has begun', async () => {
    await start(() => EMPTY, { until: of(1) });
    expect(log).toEqual(['complete']);
    log.length = 0;
    const until = new Subject<void>();
    await start(() => EMPTY, { until });
    until.next();
    await turns();
    expect(log).toEqual(['fetch 1', 'close', 'complete']);
  });

  describe('after a request', () => {
    it('that is over without a message asks again, without a pause', async () => {
      await start(() => EMPTY);
      await clock.passTo(30_000);
      fake.request.push('end');
      await turns();
      expect(log).toEqual(['fetch 1', 'fetch 1']);
    });

    it('that is over at once waits, longer each time', async () => {
      await start(() => EMPTY);
      for (let i = 0; i < 3; i++) {
        fake.request.push('end');
        await clock.passTo(clock.now() + 99);
        expect(fake.requests.length).toBe(i + 1);
        await clock.passTo(clock.now() + 100 * 2 ** i);
        expect(fake.requests.length).toBe(i + 2);
      }
    });

    it('that fails asks whether the consumer is there, tells onError, waits, and asks again', async () => {
      await start(() => EMPTY);
      fake.request.push(new Error('heartbeats missed'));
      await clock.passTo(99);
      expect(log).toEqual(['fetch 1', 'info', 'error - heartbeats missed']);
      await clock.passTo(100);
      expect(log.slice(3)).toEqual(['fetch 1']);
      fake.request.push(new Error('again'));
      await clock.passTo(299);
      expect(fake.requests.length).withContext('twice as long').toBe(2);
      await clock.passTo(300);
      fake.deliver(1);
      await turns();
      fake.request.push(new Error('once more'));
      const before = fake.requests.length;
      await clock.passTo(400);
      expect(fake.requests.length)
        .withContext('a message has come in between')
        .toBe(before + 1);
    });

    it('that fails as the consumer is no more errors, and gives back what is under way', async () => {
      await start(() => NEVER, { concurrency: 2 });
      fake.deliver(1);
      await turns();
      fake.failure = Object.assign(new Error('consumer not found'), { code: 10014 });
      fake.request.push(new Error('consumer deleted'));
      await turns();
      expect(log.slice(1).filter((line) => line !== 'close')).toEqual(
        ['info', 'failed The consumer workers of the stream FRAMES is lost: it was deleted', 'nak 1'].sort(
          inOrderOf(log),
        ),
      );
    });

    it('that fails as the connection is closed errors', async () => {
      await start(() => NEVER);
      fake.failure = Object.assign(new Error('closed connection'), { name: 'ClosedConnectionError' });
      fake.request.push(new Error('closed'));
      await turns();
      expect(log).toEqual([
        'fetch 1',
        'info',
        'failed The consumer workers of the stream FRAMES is lost: the connection to NATS is closed',
      ]);
    });

    it('in vain asks for the window of the consumer, and tells onStall when it is full', async () => {
      const onStall = (stall: object): void => void log.push(JSON.stringify(stall));
      await start(() => EMPTY, { onStall });
      fake.config.max_ack_pending = 5;
      fake.ackPending = 5;
      await clock.passTo(30_000);
      fake.request.push('end');
      await turns();
      expect(log.filter((line) => line.startsWith('{')))
        .withContext('nothing waits')
        .toEqual([]);
      fake.pending = 3;
      await clock.passTo(60_000);
      fake.request.push('end');
      await turns();
      expect(log.filter((line) => line.startsWith('{'))).toEqual([
        '{"ackPending":5,"maxAckPending":5,"pending":3}',
      ]);
    });
  });

  describe('with a deadLetter', () => {
    let published: [subject: string, options: { msgID: string; headers: { get(name: string): string } }][];
    let publishing: () => Promise<unknown>;

    beforeEach(() => {
      published = [];
      publishing = () => Promise.resolve();
    });

    function deadLetter(options: object = {}): NonNullable<ConsumerOptions['deadLetter']> {
      const js = {
        publish: async (subject: string, data: Uint8Array, more: never) => {
          log.push(`publish ${data.join()} to ${subject}`);
          published.push([subject, more]);
          await publishing();
          log.push('published');
        },
      };
      return { js: js as never, subject: 'dead', maxDeliveries: 3, ...options };
    }

    const bad = (): Observable<never> => throwError(() => new Error('bad'));

    it('tries as often as it is told, then publishes, and terms when that is done', async () => {
      await start(bad, { retryDelay: 5, deadLetter: deadLetter() });
      fake.request.push(fake.make(1, 2));
      await turns();
      expect(log.slice(2)).toEqual(['error 1 bad', 'nak in 5: 1', 'fetch 1']);
      log.length = 0;
      let done!: () => void;
      publishing = () => new Promise<void>((resolve) => (done = resolve));
      fake.request.push(fake.make(1, 3));
      await turns();
      expect(log).toEqual(['close', 'error 1 bad', 'publish 1 to dead']);
      done();
      await turns();
      expect(log.slice(3)).toEqual(['published', 'term 1', 'fetch 1']);
      expect(published[0]![1].msgID).toBe('FRAMES.workers.1');
      expect(published[0]![1].headers.get('Dead-Letter-Reason')).toBe('bad');
    });

    it('does not try again what was delivered more often: it may have killed who tried', async () => {
      await start(
        () => {
          throw new Error('must not be called');
        },
        { deadLetter: deadLetter({ subject: ({ seq }: JsMsg) => `dead.${seq}` }) },
      );
      fake.request.push(fake.make(9, 4));
      await turns();
      expect(log.slice(2)).toEqual(['publish 9 to dead.9', 'published', 'term 9', 'fetch 1']);
      expect(published[0]![1].headers.get('Dead-Letter-Reason')).toBe('Delivered 4 times, and never settled');
    });

    it('has the message delivered again where it cannot be published', async () => {
      publishing = () => Promise.reject(new Error('no stream'));
      await start(bad, { retryDelay: 7, deadLetter: deadLetter() });
      fake.request.push(fake.make(1, 3));
      await turns();
      expect(log.slice(2)).toEqual([
        ...['error 1 bad', 'publish 1 to dead', 'error 1 no stream', 'nak in 7: 1', 'fetch 1'],
      ]);
    });

    it('goes on to the end when it is unsubscribed in between', async () => {
      let done!: () => void;
      publishing = () => new Promise<void>((resolve) => (done = resolve));
      const subscription = await start(bad, { deadLetter: deadLetter() });
      fake.request.push(fake.make(1, 3));
      await turns();
      subscription.unsubscribe();
      done();
      await turns();
      expect(log.filter((line) => line !== 'close').slice(1)).toEqual([
        ...['error 1 bad', 'publish 1 to dead', 'published', 'term 1'],
      ]);
    });

    it('refuses a consumer that gives up before', async () => {
      fake.config.max_deliver = 3;
      await start(bad, { deadLetter: deadLetter() });
      expect(log.join()).toContain('failed deadLetter.maxDeliveries, 3, must be less than max_deliver');
      log.length = 0;
      fake.config.max_deliver = 4;
      await start(bad, { deadLetter: deadLetter() });
      expect(log).toEqual(['fetch 1']);
    });
  });

  it('refuses wrong arguments at the call', () => {
    const { consumer } = fake;
    const call = (options: object) => () => fromConsumer(consumer, () => EMPTY, options);
    expect(() => fromConsumer({} as never, () => EMPTY)).toThrowError(TypeError, /pull consumer/);
    expect(() => fromConsumer(consumer, 7 as never)).toThrowError(TypeError, /project/);
    for (const concurrency of [0, 1.5, Infinity, '1']) expect(call({ concurrency })).toThrowError(RangeError);
    expect(call({ expires: 999 })).toThrowError(RangeError, /1000 milliseconds or more/);
    expect(call({ workingInterval: 0 })).toThrowError(RangeError);
    expect(call({ retryDelay: -1 })).toThrowError(RangeError);
    expect(call({ confirmAcks: 1 })).toThrowError(TypeError);
    expect(call({ onError: 1 })).toThrowError(TypeError);
    expect(call({ onStall: 1 })).toThrowError(TypeError);
    expect(call({ until: 1 })).toThrowError(TypeError);
    expect(call({ scheduler: {} })).toThrowError(TypeError);
    expect(call({ deadLetter: { subject: 'x' } })).toThrowError(TypeError, /JetStreamClient/);
    expect(call({ deadLetter: { js: { publish() {} }, subject: '' } })).toThrowError(TypeError, /subject/);
    expect(call({ deadLetter: { js: { publish() {} }, subject: 'x', maxDeliveries: 0 } })).toThrowError(
      RangeError,
    );
  });

  it('runs each subscription by itself', async () => {
    const results = fromConsumer(fake.consumer, () => EMPTY, { scheduler: clock });
    const both = merge(results, results).subscribe();
    await turns();
    expect(log).toEqual(['fetch 1', 'fetch 1']);
    both.unsubscribe();
    expect(log.slice(2)).toEqual(['close', 'close']);
  });
});

/** Of a few lines whose order does not matter. */
function inOrderOf(log: readonly string[]) {
  return (a: string, b: string): number => log.indexOf(a) - log.indexOf(b);
}
