import { noSilence } from '../../src/streams/noSilence.js';

describe('noSilence', () => {
  it('says how long the pause had to be, and how much came without one', () => {
    const error = noSilence(20, 300, 256);
    expect(error.code).toBe('ERR_LIMIT_OVERRUN');
    expect(error.message).toBe('No silence of 20 ms in 300 bytes, over the limit of 256');
    expect(error.consumed).toBe(300);
  });
});
