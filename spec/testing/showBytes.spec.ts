import { showBytes } from '../../src/testing.js';

describe('showBytes', () => {
  it('shows readable UTF-8 as text', () => {
    expect(showBytes('as it is\0')).toBe('as it is\0');
    expect(showBytes(new TextEncoder().encode('PING\r\n\tgrün 😀'))).toBe('PING\r\n\tgrün 😀');
    expect(showBytes(new Uint8Array(0))).toBe('');
  });

  it('shows everything else in hex', () => {
    expect(showBytes(Uint8Array.of(0, 3, 0x61))).toBe('<00 03 61>');
    expect(showBytes(Uint8Array.of(0xff, 0x61))).toBe('<ff 61>');
    expect(showBytes(Uint8Array.of(0x7f))).toBe('<7f>');
  });
});
