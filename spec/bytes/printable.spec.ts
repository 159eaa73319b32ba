import fc from 'fast-check';
import { DecodeError, decode, decoder, json, type DecoderFactory } from '../../src/index.js';
import { printable } from '../../src/bytes/printable.js';
import { of } from 'rxjs';
import { bytes } from '../streams/record.js';

const hidden: Record<string, string> = {
  '\0': '\\u0000',
  '\x07': '\\u0007',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x1b': '\\u001b',
  '\x7f': '\\u{7f}',
  '\x85': '\\u{85}',
  '\xa0': '\\u{a0}',
  '\xad': '\\u{ad}',
  '\u200b': '\\u{200b}',
  '\u200f': '\\u{200f}',
  '\u2028': '\\u{2028}',
  '\u2029': '\\u{2029}',
  '\u202e': '\\u{202e}',
  '\u2066': '\\u{2066}',
  '\ufeff': '\\u{feff}',
  '\u3164': '\\u{3164}',
  '\ud800': '\\ud800',
  '\u{e0041}': '\\u{e0041}',
};

describe('printable', () => {
  it('escapes what cannot be seen, and nothing else', () => {
    for (const [character, shown] of Object.entries(hidden))
      expect(printable(`a${character}b`)).toBe(`a${shown}b`);
    expect(printable('Grüße, 日本 "x" \\ 👍')).toBe('Grüße, 日本 "x" \\ 👍');
  });

  it('cuts what is long', () => {
    expect(printable('x'.repeat(500))).toBe('x'.repeat(500));
    expect(printable('x'.repeat(501))).toBe(`${'x'.repeat(500)}…`);
    expect(printable('abc', 2)).toBe('ab…');
  });
});

describe('DecodeError', () => {
  function messageOf(factory: DecoderFactory<unknown>, data: string | Uint8Array): string {
    let message = '';
    of<Uint8Array[]>(typeof data === 'string' ? bytes(data) : data)
      .pipe(decode(factory))
      .subscribe({
        error: (error: Error) =>
          (message = error instanceof DecodeError ? error.message : `no DecodeError: ${error.message}`),
      });
    return message;
  }

  it('shows what it quotes with invisible characters escaped, in every decoder, and is bounded', () => {
    const own = decoder(function* (source) {
      throw new DecodeError(`Unknown kind ${yield* source.text(yield* source.peek())}`);
    });
    const integers = decoder(function* (source) {
      return yield* source.integer('!');
    });
    const decoders: DecoderFactory<unknown>[] = [json(), integers];
    for (const character of Object.keys(hidden)) {
      for (const factory of decoders) {
        const message = messageOf(factory, `1${character}${character}1!\n`);
        if (message === '') continue;
        expect(message).not.toContain('no DecodeError');
        expect(message)
          .withContext(JSON.stringify(message))
          .toMatch(/^[^\p{C}\u2028\u2029\p{DI}]+$/u);
      }
    }
    expect(messageOf(own, '\u0003\u0001\u202e'.slice(0, 2) + 'x')).toBe('Unknown kind \\u0003\\u0001x');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (data) => {
        for (const factory of decoders) {
          const message = messageOf(factory, new Uint8Array([0x31, ...data, 10]));
          expect(message.length).toBeLessThan(2000);
          expect(message).toMatch(/^[^\p{C}]*$/u);
        }
      }),
    );
  });

  it('quotes little of what a reviver throws', () => {
    const message = messageOf(
      json({
        reviver: () => {
          throw new Error(`\u202e${'x'.repeat(10_000)}`);
        },
      }),
      '1\n',
    );
    expect(message.length).toBeLessThan(600);
    expect(message).toContain('\\u{202e}');
    expect(
      messageOf(
        json({
          reviver: () => {
            throw Object.create(null);
          },
        }),
        '1\n',
      ),
    ).toContain('[object Object]');
  });
});
