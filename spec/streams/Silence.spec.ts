import { VirtualTimeScheduler } from 'rxjs';
import { Silence } from '../../src/streams/Silence.js';

describe('Silence', () => {
  let time: VirtualTimeScheduler;
  let woken: number[];
  let silence: Silence;

  beforeEach(() => {
    time = new VirtualTimeScheduler();
    woken = [];
    silence = new Silence(10, time, () => woken.push(time.now()));
  });

  /** What it says at each of these times, when so many bytes have come by then. */
  function saidAt(asked: Record<number, number>): string[] {
    const said: string[] = [];
    for (const [at, received] of Object.entries(asked))
      time.schedule(() => said.push(`${at}: ${silence.after(received)}`), Number(at));
    time.flush();
    return said;
  }

  it('is over when nothing has come for so long', () => {
    expect(saidAt({ 0: 0, 9: 0, 11: 0, 20: 0 })).toEqual(['0: false', '9: false', '11: true', '20: true']);
    expect(woken).withContext('once').toEqual([10]);
  });

  it('begins with the first look, whatever has come by then', () => {
    expect(saidAt({ 5: 1, 14: 1, 16: 1 })).toEqual(['5: false', '14: false', '16: true']);
  });

  it('begins anew with each byte, and only with these', () => {
    expect(saidAt({ 0: 1, 4: 1, 8: 2, 17: 2, 19: 2, 20: 3, 29: 3, 31: 3 })).toEqual([
      '0: false',
      '4: false',
      '8: false',
      '17: false',
      '19: true',
      '20: false',
      '29: false',
      '31: true',
    ]);
    expect(woken).toEqual([18, 30]);
  });

  it('hears bytes first that came while the timer was late', () => {
    silence.after(1);
    // In the same step as its time, and behind it.
    time.schedule(() => silence.after(2), 10);
    time.flush();
    expect(woken).toEqual([20]);
  });

  it('begins anew after a stop, and does not wake anybody before', () => {
    silence.after(1);
    silence.stop();
    time.flush();
    expect([woken, time.now()]).toEqual([[], 0]);
    expect(silence.after(1)).toBeFalse();
    time.flush();
    expect([silence.after(1), woken]).toEqual([true, [10]]);
    silence.stop();
    expect(silence.after(1)).toBeFalse();
  });

  it('can be stopped before it was asked', () => {
    silence.stop();
    expect(silence.after(0)).toBeFalse();
  });
});
