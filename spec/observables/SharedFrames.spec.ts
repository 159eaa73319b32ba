import fc from 'fast-check';
import {
  defer,
  EMPTY,
  finalize,
  from,
  map,
  mergeMap,
  of,
  repeat,
  Subject,
  Subscription,
  take,
  tap,
  throwError,
  VirtualTimeScheduler,
} from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { connectionPair, framed, type Framed } from '../../src/index.js';
import { MAX_HELD } from '../../src/observables/SharedFrames.js';
import { manualConnection, marbleConnection, type ManualConnection } from '../../src/testing.js';
import { shoutCodec } from '../diagrams/writing.js';
import { record } from '../streams/record.js';
import { runs } from '../contracts/runs.js';
import { messagesOf, reported } from './reported.js';

type Talk = ManualConnection & { client: Framed<string> };

function talking(options?: Parameters<typeof manualConnection>[0]): Talk {
  const connection = manualConnection(options);
  return Object.assign(connection, { client: framed(connection, shoutCodec) });
}

const isFor =
  (id: string) =>
  (message: string): boolean =>
    message.startsWith(id);
const fail = (): never => {
  throw new Error('mine');
};

/** Work that the spec ends, piece by piece. */
class Work {
  readonly begun: string[] = [];
  readonly #ends: Subject<string>[] = [];

  readonly project = (message: string): Subject<string> => {
    this.begun.push(message);
    const end = new Subject<string>();
    this.#ends.push(end);
    return end;
  };

  done(nth = 0): void {
    const [end] = this.#ends.splice(nth, 1);
    end!.next('done');
    end!.complete();
  }

  fail(): void {
    this.#ends.shift()!.error(new Error('of the work'));
  }
}

describe('framed: consume', () => {
  it(
    'works on one message after the other, and completes after all work',
    marbles((m) => {
      const connection = marbleConnection(m, {
        incoming: '--(ab)-c--|',
        values: { a: 'a!', b: 'b!', c: 'c!' },
      });
      const work = (message: string) => m.cold('---(x|)').pipe(map(() => message));
      m.expect(framed(connection, shoutCodec).consume(work)).toBeObservable('-----a--b--(c|)', {
        a: 'a!',
        b: 'b!',
        c: 'c!',
      });
    }),
  );

  it('decodes the next message when the work is done, and leaves the bytes in the reader', () => {
    const { client, reader, transport } = talking();
    const work = new Work();
    const log = record(client.consume(work.project));
    transport.receive('a!b!c!');
    expect(work.begun).toEqual(['a!']);
    expect(reader.bufferedBytes).toBe(4);
    work.done();
    expect(work.begun).toEqual(['a!', 'b!']);
    expect(reader.bufferedBytes).toBe(2);
    work.done();
    work.done();
    transport.receiveEof();
    expect(log.log).toEqual(['done', 'done', 'done', '|']);
  });

  it('stops the transport while the work takes its time', () => {
    const { client, transport } = talking({ limit: 4 });
    const work = new Work();
    client.consume(work.project).subscribe();
    transport.receive('a!', 'b!c!d!e!f!');
    expect(transport.calls).toEqual(['pause']);
    for (let i = 0; i < 3; i++) work.done();
    expect(transport.calls).toEqual(['pause', 'resume']);
  });

  it('as many pieces of work as `concurrency` are under way', () => {
    const { client, transport } = talking();
    const work = new Work();
    client.consume(work.project, 2).subscribe();
    transport.receive('a!b!c!d!');
    expect(work.begun).toEqual(['a!', 'b!']);
    work.done(1);
    expect(work.begun).toEqual(['a!', 'b!', 'c!']);
    work.done();
    expect(work.begun).toEqual(['a!', 'b!', 'c!', 'd!']);
  });

  it('100 000 messages whose work is done at once, or is nothing, leave the stack flat', () => {
    for (const result of [undefined, of('done'), EMPTY]) {
      const { client, transport } = talking();
      let begun = 0;
      client
        .consume(() => {
          begun++;
          return result;
        })
        .subscribe();
      transport.receive('a!'.repeat(100_000));
      expect(begun).toBe(100_000);
    }
  });

  it('100 000 messages that wait for the first work, and are then done at once', () => {
    const { client, transport } = talking();
    const first$ = new Subject<never>();
    let begun = 0;
    client.consume(() => (begun++ === 0 ? first$ : EMPTY)).subscribe();
    transport.receive('a!'.repeat(100_000));
    first$.complete();
    expect(begun).toBe(100_000);
  });

  it('subscribers see the next message when there is room, and go on without it', () => {
    const { client, transport } = talking();
    const log = record(client);
    const work = new Work();
    const consuming = client.consume(work.project).subscribe();
    transport.receive('a!b!c!d!');
    expect(log.log).toEqual(['a!']);
    work.done();
    expect(log.log).toEqual(['a!', 'b!']);
    consuming.unsubscribe();
    expect(log.log).toEqual(['a!', 'b!', 'c!', 'd!']);
  });

  it('two of them: the slower one gives the pace', () => {
    const { client, transport } = talking();
    const [slow, fast] = [new Work(), new Work()];
    client.consume(slow.project).subscribe();
    client.consume(fast.project).subscribe();
    transport.receive('a!b!');
    fast.done();
    expect(fast.begun).toEqual(['a!']);
    slow.done();
    expect([slow.begun, fast.begun]).toEqual([
      ['a!', 'b!'],
      ['a!', 'b!'],
    ]);
  });

  it('requests get their replies while work is under way, and the work is not given them', () => {
    const { client, reader, transport } = talking();
    const work = new Work();
    client.consume(work.project).subscribe();
    transport.receive('a!');
    const request = record(client.request('r', isFor('r')));
    transport.receive('r!b!');
    expect(request.log).toEqual(['r!', '|']);
    expect(work.begun).toEqual(['a!']);
    expect(reader.bufferedBytes).toBe(2);
    work.done();
    expect(work.begun).toEqual(['a!', 'b!']);
  });

  it('while a request waits the stream is read on, and what comes before the reply waits for its turn', () => {
    const { client, reader, transport } = talking();
    const work = new Work();
    const seen = record(client);
    client.consume(work.project).subscribe();
    const request = record(client.request('r', isFor('r')));
    transport.receive('a!b!c!r!d!');
    expect(work.begun).toEqual(['a!']);
    expect(seen.log).toEqual(['a!', 'b!', 'c!', 'r!']);
    expect(request.log).toEqual(['r!', '|']);
    expect(reader.bufferedBytes).toBe(2);
    for (let i = 0; i < 3; i++) work.done();
    expect(work.begun).toEqual(['a!', 'b!', 'c!', 'd!']);
    expect(seen.log).toEqual(['a!', 'b!', 'c!', 'r!', 'd!']);
  });

  it('but it is not read on without end', () => {
    const { client, reader, transport } = talking();
    const work = new Work();
    client.consume(work.project).subscribe();
    const request = record(client.request('r', isFor('r')));
    transport.receive(`${'a!'.repeat(1 + MAX_HELD + 5)}r!`);
    expect(reader.bufferedBytes).toBe(12);
    for (let i = 0; i < 5; i++) work.done();
    expect(request.log).toEqual([]);
    work.done();
    expect(request.log).toEqual(['r!', '|']);
    expect(work.begun.length).toBe(7);
    for (let i = 0; i < MAX_HELD; i++) work.done();
    expect(work.begun.length).toBe(1 + MAX_HELD + 5);
  });

  it('the end comes to the work after what waits for it, and to the others at once', () => {
    for (const end of ['ended', 'lost']) {
      const { client, transport } = talking();
      const work = new Work();
      const log = record(client.consume(work.project));
      const others = record(client);
      const request = record(client.request('r', isFor('r')));
      transport.receive('a!b!c!');
      if (end === 'ended') transport.receiveEof();
      else transport.lose(new Error('reset'));
      const last = end === 'ended' ? '|' : '# ERR_CONNECTION_LOST';
      expect(request.log).toEqual(['# ERR_CONNECTION_LOST']);
      expect(others.log).toEqual(['a!', 'b!', 'c!', last]);
      expect(record(client).log).toEqual([last]);
      for (let i = 0; i < 2; i++) work.done();
      // A loss does not wait for the work itself.
      expect(log.log).toEqual(end === 'ended' ? ['done', 'done'] : ['done', 'done', last]);
      if (end === 'ended') work.done();
      expect(log.log.at(-1)).toBe(last);
      expect(work.begun).toEqual(['a!', 'b!', 'c!']);
    }
  });

  it('what waits is for the next one who works, unless others have gone on', () => {
    for (const others of [false, true]) {
      const { client, transport } = talking();
      const request = client.request('r', isFor('r')).subscribe();
      const consuming = client.consume(new Work().project).subscribe();
      transport.receive('a!b!c!');
      consuming.unsubscribe();
      if (others) transport.receive('d!');
      request.unsubscribe();
      const work = new Work();
      client.consume(work.project, Infinity).subscribe();
      transport.receive('e!');
      expect(work.begun).toEqual(others ? ['e!'] : ['b!', 'c!', 'e!']);
    }
  });

  it('work may make requests on the same connection, and wait for the reply', () => {
    const { client, transport } = talking();
    transport.outgoing$.subscribe((text) => text.startsWith('ask') && transport.receive(`reply to ${text}`));
    const log = record(client.consume((job) => client.request(`ask ${job.slice(0, -1)}`, isFor('reply'))));
    transport.receive('a!b!');
    expect(log.log).toEqual(['reply to ask a!', 'reply to ask b!']);
  });

  it('work that makes a request later, for which the stream is read on', () => {
    const { client, transport } = talking();
    const later$ = new Subject<void>();
    const log = record(
      client.consume(() =>
        later$.pipe(
          take(1),
          mergeMap(() => client.request('r', isFor('r'))),
        ),
      ),
    );
    transport.receive('a!r!b!');
    expect(log.log).toEqual([]);
    later$.next();
    expect(log.log).toEqual(['r!']);
    expect(transport.calls).toEqual(['write r!']);
  });

  it('the work of another errors it alone, at once', () => {
    for (const project of [(): never => fail(), () => throwError(() => new Error('mine'))]) {
      const { client, transport } = talking();
      const others = record(client);
      const log = record(client.consume(project));
      transport.receive('a!b!');
      expect([log.log, others.log]).toEqual([['# mine'], ['a!', 'b!']]);
    }
  });

  it('an end, and a loss, come after the messages before them; the work goes on to its end', () => {
    const ended = talking();
    const work = new Work();
    const log = record(ended.client.consume(work.project));
    ended.transport.receive('a!b!');
    ended.transport.receiveEof();
    work.done();
    expect(log.log).toEqual(['done']);
    work.done();
    expect(log.log).toEqual(['done', 'done', '|']);

    const lost = talking();
    const lostWork = new Work();
    const lostLog = record(lost.client.consume(lostWork.project));
    const request = record(lost.client.request('r', isFor('r')));
    lost.transport.receive('a!');
    lost.transport.lose(new Error('reset'));
    expect([...lostLog.log, ...request.log]).toEqual(['# ERR_CONNECTION_LOST', '# ERR_CONNECTION_LOST']);
  });

  it('with concurrency, completes when the last work has, and does not hold the reader until then', () => {
    const { client, reader, transport } = talking();
    const work = new Work();
    const log = record(client.consume(work.project, 5));
    transport.receive('a!b!');
    transport.receiveEof();
    expect(record(reader.read()).log).toEqual(['', '|']);
    work.done();
    work.done();
    expect(log.log).toEqual(['done', 'done', '|']);
  });

  it('unsubscribed it stops the work, and leaves the rest in the reader', () => {
    const { client, reader, transport } = talking();
    let stopped = 0;
    const subscription = client
      .consume(() => new Subject<never>().pipe(finalize(() => stopped++)))
      .subscribe();
    transport.receive('a!b!');
    subscription.unsubscribe();
    expect(stopped).toBe(1);
    expect(record(reader.readExactly(2)).log).toEqual(['b!', '|']);
  });

  it('inside itself: unsubscribes, consumes anew, subscribes, requests', () => {
    const { client, reader, transport } = talking();
    const log: string[] = [];
    const consuming = new Subscription();
    consuming.add(
      client
        .consume((message) => {
          log.push(`first ${message}`);
          consuming.unsubscribe();
          client.consume((next) => void log.push(`second ${next}`)).subscribe();
          client.pipe(take(1)).subscribe((next) => log.push(`seen ${next}`));
          client.request('r', isFor('r')).subscribe((reply) => log.push(`reply ${reply}`));
        })
        .subscribe(),
    );
    transport.receive('a!b!r!c!');
    expect(log).toEqual(['first a!', 'seen b!', 'second b!', 'reply r!', 'second c!']);
    expect(record(reader.read(1)).log).toEqual(['# ERR_READER_BUSY']);
  });

  it('a teardown that throws, of the work or of a subscriber, keeps nobody from the messages', async () => {
    const { client, transport } = talking();
    const log: string[] = [];
    const errors = await reported(() => {
      const bad = finalize<string>(() => fail());
      client.pipe(take(1), bad).subscribe();
      client.consume(() => of('x').pipe(bad)).subscribe();
      client.pipe(tap(fail), bad).subscribe({ error: () => log.push('#') });
      client.subscribe((message) => log.push(message));
      client.consume((message) => void log.push(`work ${message}`)).subscribe();
      transport.receive('a!b!');
      client.request('r').subscribe((reply) => log.push(`reply ${reply}`));
      transport.receive('r!');
    });
    expect(log).toEqual(['#', 'a!', 'work a!', 'b!', 'work b!', 'r!', 'reply r!']);
    expect(new Set(messagesOf(errors))).toEqual(new Set(['mine']));
  });

  it('a teardown that throws keeps nobody from the end', async () => {
    const { client, transport } = talking();
    const log: string[] = [];
    await reported(() => {
      for (const name of ['1', '2', '3']) {
        client.pipe(finalize(() => fail())).subscribe({ complete: () => log.push(`${name} |`) });
        client
          .consume(() => undefined)
          .pipe(finalize(() => fail()))
          .subscribe({ complete: () => log.push(`work ${name} |`) });
      }
      transport.receiveEof();
    });
    expect(log).toEqual(['1 |', '2 |', '3 |', 'work 1 |', 'work 2 |', 'work 3 |']);
  });

  it('every message comes once and in order to everybody, whatever is done when', () => {
    const step = fc.constantFrom('receive', 'done', 'request', 'reply', 'part');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (steps, concurrency) => {
        const { client, transport } = talking();
        const work = new Work();
        const seen: string[] = [];
        const replies: string[] = [];
        let open = 0;
        let sent = 0;
        let asked = 0;
        let answered = 0;
        client.subscribe((message) => seen.push(message));
        const project = (message: string) =>
          defer(() => {
            open++;
            return work.project(message);
          });
        client.consume(project, concurrency).subscribe();
        let rest = '';
        const send = (text: string): void => {
          rest += text;
          transport.receive(rest);
          rest = '';
        };
        for (const what of steps) {
          if (what === 'receive') send(`m${sent++}!`);
          else if (what === 'part' && rest === '') {
            transport.receive('m');
            rest = `${sent++}!`;
          } else if (what === 'done' && open > 0) {
            open--;
            work.done();
          } else if (what === 'request') {
            const isReply = isFor(`r${asked++}`);
            client.request('r', isReply).subscribe((reply) => replies.push(reply));
          } else if (what === 'reply' && answered < asked) send(`r${answered++}!`);
        }
        if (rest !== '') send('');
        while (open > 0) {
          open--;
          work.done();
        }
        const pushed = Array.from({ length: sent }, (_, i) => `m${i}!`);
        expect(work.begun).toEqual(pushed);
        expect(seen.filter(isFor('m'))).toEqual(pushed);
        expect(replies).toEqual(Array.from({ length: answered }, (_, i) => `r${i}!`));
      }),
      runs(300),
    );
  });

  it('repeated reads and requests, 20 000 of them that are met at once, do not fill the stack', () => {
    const scheduler = new VirtualTimeScheduler();
    const { client, transport } = talking({ scheduler });
    let count = 0;
    transport.receive('a!'.repeat(20_000));
    client.pipe(take(1), repeat(20_000)).subscribe(() => count++);
    // What has grown the stack goes on in a step of its own.
    scheduler.flush();
    expect(count).toBe(20_000);

    const [one, other] = connectionPair({ scheduler });
    const server = framed(other, shoutCodec);
    server.subscribe((message) => server.next(message));
    framed(one, shoutCodec)
      .request('a')
      .pipe(repeat(20_000))
      .subscribe(() => count++);
    scheduler.flush();
    expect(count).toBe(40_000);
  });

  it('takes promises', async () => {
    const { client, transport } = talking();
    const log = record(client.consume(async (message) => Promise.resolve(`done ${message}`)));
    transport.receive('a!b!');
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(log.log).toEqual(['done a!', 'done b!']);
    expect(record(from([1])).log.length).toBe(2);
  });

  it('checks its arguments at the call', () => {
    const { client } = talking();
    for (const concurrency of [0, -1, NaN, 1.5, '2' as never, null as never])
      expect(() => client.consume(() => undefined, concurrency)).toThrowError(
        RangeError,
        /^concurrency must be/,
      );
    for (const project of [undefined, null, 'x', {}])
      expect(() => client.consume(project as never)).toThrowError(TypeError, /^project must be a function/);
  });
});
