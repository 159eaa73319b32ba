import { json } from '../../src/index.js';
import { checkDecoding, type Expected } from '../decoding.js';
import { Choices, seeded } from '../Choices.js';
import { bytesOf, textOf } from '../naive.js';
import type { FuzzTarget } from '../FuzzTarget.js';

const LIMITS = [1, 6, 20, 400, 70_000];
const withoutNull = (_: string, value: unknown): unknown => value ?? undefined;

export const jsonTarget: FuzzTarget = {
  name: 'json',
  dictionary: [
    ...['\n', '\r\n', ' \t\r\n', '{}', '[]', '{"a":1}', '[1,2]', 'null', 'true', '"', '\\u0000', '\\ud800'],
    ...['-0', '1e400', '1e-7', '"__proto__":', '{"__proto__":{"x":1}}', '\ufeff', 'é', '\u2028', '[[[['],
  ],
  seeds: seeded(
    [bytesOf('{"a":[1,-0,"x"],"b":null}\n\n \r\nnull\ntrue'), bytesOf('[1e400]\n"\\ud800"\n{')],
    [
      [3, 0],
      [2, 1],
    ],
  ),
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const maxLength = choices.pick(LIMITS);
    const skipsNull = choices.below(2) === 1;
    const codec = json({ maxLength, ...(skipsNull ? { reviver: withoutNull } : {}) });
    const data = choices.payload;
    const expected = valuesOf(data, maxLength, skipsNull ? withoutNull : undefined);
    // Numbers have more than one spelling, and JSON none for some of them.
    checkDecoding({ decoder: codec, data, expected, letsGo: true }, choices);
    for (const value of expected.frames) checkEncoding(value, choices);
  },
};

function checkEncoding(value: unknown, choices: Choices): void {
  const codec = json();
  const text = codec.encode(value);
  const data = typeof text === 'string' ? bytesOf(text) : text;
  // As JSON has it: a number that is too large for one is null, and -0 is 0.
  const frames = [JSON.parse(JSON.stringify(value)) as unknown];
  checkDecoding({ decoder: codec, data, expected: { frames, left: 0 } }, choices);
}

function valuesOf(
  data: Uint8Array,
  limit: number,
  reviver: ((key: string, value: unknown) => unknown) | undefined,
): Expected<unknown> {
  const frames: unknown[] = [];
  for (let at = 0; at < data.length;) {
    const newline = data.indexOf(10, at);
    const end = newline === -1 ? data.length : newline;
    const left = data.length - at;
    if (end - at > limit) return { frames, code: 'ERR_LIMIT_OVERRUN', left };
    const line = textOf(data.subarray(at, end));
    at = newline === -1 ? end : end + 1;
    if (/^[ \t\r]*$/.test(line)) continue;
    try {
      const value: unknown = JSON.parse(line, reviver);
      if (value !== undefined) frames.push(value);
    } catch {
      return newline === -1
        ? { frames, code: 'ERR_INCOMPLETE_READ', left: 0 }
        : { frames, code: 'ERR_DECODE', left };
    }
  }
  return { frames, left: 0 };
}
