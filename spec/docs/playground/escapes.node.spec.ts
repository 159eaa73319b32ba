import { shown, unescaped } from '../../../docs/.vitepress/theme/playground/escapes.js';

describe('escapes', () => {
  it('are typed as text with line breaks, or as bytes', () => {
    expect(unescaped('a\\r\\n\\tb\\\\')).toBe('a\r\n\tb\\');
    expect(unescaped('\\0é')).toBe('\0é');
    expect(unescaped('é\\xff\\n')).toEqual(Uint8Array.of(0xc3, 0xa9, 0xff, 0x0a));
    for (const wrong of ['\\q', 'a\\', '\\x1', '\\xzz'])
      expect(() => unescaped(wrong)).toThrowError(/no escape/);
  });

  it('are shown as they would be typed', () => {
    expect(shown('a\r\n\0\x1b')).toBe('a\\r\\n\\0\\x1b');
    expect(shown(new TextEncoder().encode('é\n'))).toBe('é\\n');
    expect(shown(Uint8Array.of(0x61, 0xff, 0x0a, 0x80))).toBe('a\\xff\\n\\x80');
    expect(unescaped(shown(Uint8Array.of(0x61, 0xff, 0)))).toEqual(Uint8Array.of(0x61, 0xff, 0));
  });

  it('leave other values to JSON', () => {
    expect([shown({ a: 1 }), shown(5), shown(undefined), shown(5n)]).toEqual([
      '{"a":1}',
      '5',
      'undefined',
      '5',
    ]);
    expect(shown(new RangeError('far'))).toBe('RangeError: far');
  });
});
