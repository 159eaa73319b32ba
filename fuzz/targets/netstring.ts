import { netstring } from '../../src/index.js';
import { checkDecoding, type Expected } from '../decoding.js';
import { Choices, seeded } from '../Choices.js';
import { bytesOf, textOf } from '../naive.js';
import type { FuzzTarget } from '../FuzzTarget.js';

const LIMITS = [1, 5, 12, 300, 70_000];

export const netstringTarget: FuzzTarget = {
  name: 'netstring',
  dictionary: ['0:,', '1:x,', '3:abc,', '12:hello world!,', ':', ',', '0', '9', '00', '70000:', '70001:'],
  seeds: seeded([bytesOf('5:hello,0:,4:rxjs,'), bytesOf('12:hello world!,1:')], [[3], [1]]),
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const maxLength = choices.pick(LIMITS);
    const codec = netstring({ maxLength });
    const data = choices.payload;
    checkDecoding(
      { decoder: codec, data, expected: netstringsOf(data, maxLength), encode: codec.encode },
      choices,
    );
  },
};

function netstringsOf(data: Uint8Array, maxLength: number): Expected<Uint8Array> {
  const frames: Uint8Array[] = [];
  const text = textOf(data, 'latin1');
  for (let at = 0; at < data.length;) {
    const bad = { frames, code: 'ERR_DECODE', left: data.length - at };
    const digits = /^\d*/.exec(text.slice(at))![0];
    if (/^0\d/.test(digits) || Number(digits) > maxLength) return bad;
    const colonAt = at + digits.length;
    if (colonAt < data.length && (digits === '' || text[colonAt] !== ':')) return bad;
    const end = colonAt + 1 + Number(digits);
    if (colonAt === data.length || end >= data.length)
      return { frames, code: 'ERR_INCOMPLETE_READ', left: 0 };
    if (text[end] !== ',') return bad;
    frames.push(data.slice(colonAt + 1, end));
    at = end + 1;
  }
  return { frames, left: 0 };
}
