import { config, VirtualTimeScheduler } from 'rxjs';
import { TokenBucket, Turn } from '../../src/streams/TokenBucket.js';

describe('TokenBucket', () => {
  let time: VirtualTimeScheduler;
  let came: string[];
  let schedule: jasmine.Spy;

  beforeEach(() => {
    time = new VirtualTimeScheduler();
    came = [];
    schedule = spyOn(time, 'schedule').and.callThrough();
  });

  const bucketOf = (bytesPerSecond: number, burst?: number): TokenBucket =>
    new TokenBucket(bytesPerSecond, burst, time);
  const turnOf = (name: string): Turn => new Turn((bytes) => came.push(`${time.now()}: ${name}${bytes}`));
  const at = (milliseconds: number, act: () => void): void => void time.schedule(act, milliseconds);

  function runTo(milliseconds: number): void {
    time.maxFrames = milliseconds;
    time.flush();
    time.frame = milliseconds;
  }

  it('gives at once what is there, as much as is wanted at the most', () => {
    const bucket = bucketOf(1000, 10);
    const turn = turnOf('a');
    expect([bucket.ask(turn, 4), bucket.ask(turn, 6)]).toEqual([4, 6]);
    expect(bucket.ask(turn, 3)).toBe(0);
    expect(bucket.ask(turn, 3)).withContext('it waits already').toBe(0);
    time.flush();
    expect(came).toEqual(['3: a3']);
    expect(schedule).toHaveBeenCalledTimes(1);
  });

  it('gives less than is wanted only where that is all it can hold, or a turn', () => {
    const small = bucketOf(1000, 10);
    expect(small.ask(turnOf('a'), 12)).toBe(10);
    const large = bucketOf(1000, 100_000);
    expect(large.ask(turnOf('a'), 80_000)).toBe(80_000);
    // There are 20,000 left: more than a turn, so that is enough to go on.
    expect(large.ask(turnOf('a'), 80_000)).toBe(20_000);
    const [first, second] = [turnOf('first '), turnOf('second ')];
    expect([large.ask(first, 80_000), large.ask(second, 80_000)]).toEqual([0, 0]);
    runTo(16_383);
    expect(came).toEqual([]);
    runTo(200_000);
    // While others wait it is a turn; the last one has all there is.
    expect(came).toEqual(['16384: first 16384', '32768: second 16384']);
  });

  it('gives a turn to each of those that wait, and all there is to the last one', () => {
    const bucket = bucketOf(1000, 100_000);
    bucket.ask(turnOf('x'), 100_000);
    bucket.ask(turnOf('first '), 80_000);
    bucket.ask(turnOf('second '), 80_000);
    at(1, () => (bucket.bytesPerSecond = Infinity));
    time.flush();
    expect(came).toEqual(['1: first 16384', '1: second 80000']);
  });

  it('lets nobody pass those that wait, and serves them in their order', () => {
    const bucket = bucketOf(1000, 4);
    bucket.ask(turnOf('x'), 4);
    const [a, b] = [turnOf('a'), turnOf('b')];
    bucket.ask(a, 4);
    at(3, () => came.push(`${time.now()}: told ${bucket.ask(b, 1)}`));
    time.flush();
    expect(came).toEqual(['3: told 0', '4: a4', '5: b1']);
  });

  it('begins anew, behind the others, for whoever asks again in its turn', () => {
    const bucket = bucketOf(1000, 2);
    bucket.ask(turnOf('x'), 2);
    let left = 2;
    const again: Turn = new Turn((bytes) => {
      came.push(`${time.now()}: again ${bytes}`);
      if (left-- > 0) came.push(`asked: ${bucket.ask(again, 2)}`);
    });
    bucket.ask(again, 2);
    bucket.ask(turnOf('b'), 2);
    time.flush();
    expect(came).toEqual(['2: again 2', 'asked: 0', '4: b2', '6: again 2', 'asked: 0', '8: again 2']);
  });

  it('forgets whoever cancels: the next has its time, and the timer of those before it stays', () => {
    const bucket = bucketOf(1000, 10);
    bucket.ask(turnOf('x'), 10);
    const [a, b, c] = [turnOf('a'), turnOf('b'), turnOf('c')];
    bucket.ask(a, 9);
    bucket.ask(b, 3);
    bucket.ask(c, 2);
    expect(schedule).toHaveBeenCalledTimes(1);
    bucket.cancel(b);
    bucket.cancel(b);
    expect(schedule).withContext('the first still waits').toHaveBeenCalledTimes(1);
    bucket.cancel(a);
    time.flush();
    expect(came).toEqual(['2: c2']);
    bucket.cancel(c);
    expect(schedule).toHaveBeenCalledTimes(2);
  });

  it('has no timer when the last one has cancelled', () => {
    const bucket = bucketOf(1000, 10);
    bucket.ask(turnOf('x'), 10);
    const a = turnOf('a');
    bucket.ask(a, 5);
    bucket.cancel(a);
    time.flush();
    expect(time.now()).toBe(0);
    expect(bucket.ask(turnOf('b'), 1)).toBe(0);
    time.flush();
    expect(came).toEqual(['1: b1']);
  });

  it('counts what has come before a change at the rate of before', () => {
    const bucket = bucketOf(1000, 10);
    bucket.ask(turnOf('x'), 10);
    bucket.ask(turnOf('a'), 10);
    at(5, () => (bucket.bytesPerSecond = 100));
    time.flush();
    expect(came).toEqual(['55: a10']);
  });

  it('holds no more than the burst of the present rate', () => {
    const bucket = bucketOf(1000);
    bucket.bytesPerSecond = 50;
    expect(bucket.burst).toBe(5);
    expect(bucket.ask(turnOf('a'), 100)).toBe(5);
    bucket.bytesPerSecond = 2000;
    at(1000, () => came.push(String(bucket.ask(turnOf('a'), 1000))));
    time.flush();
    expect(came).toEqual(['200']);
  });

  it('keeps what came in a pause of the rate for later, and gives none of it meanwhile', () => {
    const bucket = bucketOf(1000, 10);
    bucket.ask(turnOf('x'), 10);
    at(4, () => (bucket.bytesPerSecond = 0));
    at(5, () => bucket.ask(turnOf('a'), 5));
    at(50, () => (bucket.bytesPerSecond = 1000));
    time.flush();
    expect(came).toEqual(['51: a5']);
  });

  it('loses no millisecond to the sums of fractions', () => {
    const bucket = bucketOf(100, 1);
    bucket.ask(turnOf('x'), 1);
    bucket.ask(turnOf('a'), 1);
    // Ten times 0.1 is a little less than 1.
    for (let i = 1; i <= 10; i++) at(i, () => (bucket.bytesPerSecond = 100));
    time.flush();
    expect(came).toEqual(['10: a1']);
  });

  it('waits for whole milliseconds, rounded up', () => {
    const bucket = bucketOf(300, 1);
    bucket.ask(turnOf('x'), 1);
    bucket.ask(turnOf('a'), 1);
    expect(schedule.calls.mostRecent().args[1]).toBe(4);
    time.flush();
    expect(came).toEqual(['4: a1']);
  });

  it('waits for as long as a timer can, and then again', () => {
    const bucket = bucketOf(1e-7, 1);
    bucket.ask(turnOf('x'), 1);
    bucket.ask(turnOf('a'), 1);
    expect(schedule.calls.mostRecent().args[1]).toBe(2 ** 31 - 1);
    time.flush();
    expect(came.length).toBe(1);
    // 10¹⁰ ms, but for what counts as a whole byte.
    expect(time.now()).toBeGreaterThan(9_999_900_000);
    expect(time.now()).toBeLessThanOrEqual(10_000_000_000);
    expect(schedule).toHaveBeenCalledTimes(5);
  });

  it('goes on with the others when one throws in its turn', async () => {
    const bucket = bucketOf(1000, 1);
    bucket.ask(turnOf('x'), 1);
    const bad = new Turn(() => {
      throw new Error('of the turn');
    });
    const before = config.onUnhandledError;
    const unhandled = new Promise((resolve) => (config.onUnhandledError = resolve));
    bucket.ask(bad, 1);
    bucket.ask(turnOf('b'), 1);
    time.flush();
    expect(came).toEqual(['2: b1']);
    expect(await unhandled).toEqual(new Error('of the turn'));
    config.onUnhandledError = before;
  });
});
