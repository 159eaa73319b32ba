import { FlowControlError } from '../../../src/index.js';
import { Credits } from '../../../src/transports/web/Credits.js';

describe('Credits', () => {
  it('begin with a grant of the window', () => {
    expect(new Credits(5000).greeting).toBe('+5000');
  });

  it('let messages be sent while they are above 0, whatever a message costs', () => {
    const credits = new Credits(1000);
    expect(credits.maySend).toBeFalse();
    credits.grant('+100');
    expect(credits.maySend).toBeTrue();
    credits.sent('x'.repeat(500));
    expect(credits.maySend).toBeFalse();
    credits.grant('+464');
    expect(credits.maySend).toBeFalse();
    credits.grant('+1');
    expect(credits.maySend).toBeTrue();
  });

  it('count 64 for a message besides its length, so that empty ones are bounded too', () => {
    const credits = new Credits(640);
    for (let i = 0; i < 10; i++) credits.received('');
    expect(() => credits.received('')).toThrowError(FlowControlError, /without credit: 640 may wait/);
  });

  it('grant again in steps of 64 KiB, or a quarter of a small window', () => {
    const large = new Credits(2 ** 20);
    const small = new Credits(1000);
    expect(large.taken(new Uint8Array(65_000))).toBeUndefined();
    expect(large.taken(new Uint8Array(500))).toBe('+65628');
    expect(large.taken(new Uint8Array(500))).toBeUndefined();
    expect(small.taken(new Uint8Array(100))).toBeUndefined();
    expect(small.taken(new Uint8Array(22))).toBe('+250');
  });

  it('let the peer send what was granted, for ever', () => {
    const credits = new Credits(1000);
    for (let i = 0; i < 10_000; i++) {
      credits.received('hello');
      credits.taken('hello');
    }
    expect(() => {
      for (let i = 0; i < 20; i++) credits.received('hello');
    }).toThrowError(FlowControlError);
  });

  it('refuse what is no grant', () => {
    for (const text of ['+', '+0', '+-1', '+1.5', '+1e3', '+ 1', '+1 ', '+99999999999999', '+٣']) {
      expect(() => new Credits(10).grant(text))
        .withContext(text)
        .toThrowError(FlowControlError);
    }
    const credits = new Credits(10);
    credits.grant('+1099511627776');
    expect(() => credits.grant('+1')).toThrowError(FlowControlError);
  });

  it('want a grant before anything else', () => {
    const credits = new Credits(10);
    expect(() => credits.checkGreeted()).toThrowError(FlowControlError, /does not speak it/);
    credits.grant('+1');
    expect(() => credits.checkGreeted()).not.toThrow();
  });
});
