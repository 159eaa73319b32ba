import { lines } from '../../src/index.js';
import { checkDecoding, type Expected } from '../decoding.js';
import { Choices, seeded } from '../Choices.js';
import { bytesOf, textOf } from '../naive.js';
import type { FuzzTarget } from '../FuzzTarget.js';

const LIMITS = [1, 2, 5, 20, 300, 70_000];
const ENCODINGS = ['utf-8', 'latin1', 'ascii'] as const;
type Encoding = (typeof ENCODINGS)[number];

export const linesTarget: FuzzTarget = {
  name: 'lines',
  dictionary: ['\n', '\r\n', '\r', '\r\r\n', '\0', 'é', '€', '\u{1f600}', '\ufeff', 'abcdefghijklmnopqrst'],
  seeds: seeded(
    [bytesOf('one\ntwo\r\n\nthree'), bytesOf('a line that is long\r\nb\n')],
    [
      [5, 0, 0],
      [2, 1, 1],
      [3, 2, 0],
      [3, 0, 1],
    ],
  ),
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const limit = choices.pick(LIMITS);
    const encoding = choices.pick(ENCODINGS);
    const overlong = choices.pick(['error', 'discard'] as const);
    const codec = lines({ limit, encoding, overlong });
    const data = choices.payload;
    const expected = linesOf(data, limit, encoding, overlong === 'discard');
    checkDecoding(
      { decoder: codec, data, expected, encode: codec.encode, letsGo: overlong === 'discard' },
      choices,
    );
  },
};

function linesOf(data: Uint8Array, limit: number, encoding: Encoding, discards: boolean): Expected<string> {
  const frames: string[] = [];
  for (let at = 0; at < data.length;) {
    const newline = data.indexOf(10, at);
    const end = newline === -1 ? data.length : newline;
    const next = newline === -1 ? end : end + 1;
    const left = data.length - at;
    if (end - at > limit && !discards) return { frames, code: 'ERR_LIMIT_OVERRUN', left };
    if (end - at <= limit) {
      const line = data.subarray(at, end);
      if (encoding === 'ascii' && line.some((byte) => byte > 127))
        return { frames, code: 'ERR_DECODE', left };
      const text = textOf(line, encoding);
      frames.push(newline !== -1 && text.endsWith('\r') ? text.slice(0, -1) : text);
    }
    at = next;
  }
  return { frames, left: 0 };
}
