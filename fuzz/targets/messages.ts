import { jsonMessages, messages, type Data } from '../../src/index.js';
import { receivedMessage } from '../../src/testing.js';
import { checkDecoding, type Expected } from '../decoding.js';
import { Choices, seeded } from '../Choices.js';
import { textOf } from '../naive.js';
import type { FuzzTarget } from '../FuzzTarget.js';

const LIMITS = [1, 6, 20, 400, 70_000];
const HEADER = 5;
const [TEXT, BINARY] = [0xfe, 0xff];

const DICTIONARY = [
  ...[receivedMessage('hello'), receivedMessage(Uint8Array.of(1, 2)), receivedMessage('')],
  ...[receivedMessage('{"a":1}'), receivedMessage('null'), receivedMessage('"é"')],
  ...[Uint8Array.of(TEXT), Uint8Array.of(BINARY), Uint8Array.of(TEXT, 0, 0, 0), '{', '[1,2]'],
];
const SEEDS = seeded(
  [
    joined(receivedMessage('hello'), receivedMessage(Uint8Array.of(1, 2)), receivedMessage('')),
    joined(receivedMessage('{"a":[1]}'), receivedMessage('null'), receivedMessage('x')),
  ],
  [[3], [1]],
);

export const messagesTarget: FuzzTarget = {
  name: 'messages',
  dictionary: DICTIONARY,
  seeds: SEEDS,
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const maxLength = choices.pick(LIMITS);
    const codec = messages({ maxLength });
    const data = choices.payload;
    const encode = (message: Data): Uint8Array => receivedMessage(codec.encode(message));
    const expected = messagesOf(data, maxLength, (message) => message);
    checkDecoding({ decoder: codec, data, expected, encode }, choices);
  },
};

export const jsonMessagesTarget: FuzzTarget = {
  name: 'jsonMessages',
  dictionary: DICTIONARY,
  seeds: SEEDS,
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const maxLength = choices.pick(LIMITS);
    const codec = jsonMessages({ maxLength });
    const data = choices.payload;
    const parse = (message: Data): unknown =>
      JSON.parse(typeof message === 'string' ? message : textOf(message));
    checkDecoding({ decoder: codec, data, expected: messagesOf(data, maxLength, parse) }, choices);
  },
};

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

function messagesOf<T>(data: Uint8Array, maxLength: number, convert: (message: Data) => T): Expected<T> {
  const frames: T[] = [];
  for (let at = 0; at < data.length;) {
    const bad = { frames, code: 'ERR_DECODE', left: data.length - at };
    const cut = { frames, code: 'ERR_INCOMPLETE_READ', left: 0 };
    if (data[at] !== TEXT && data[at] !== BINARY) return bad;
    if (data.length - at < HEADER) return cut;
    const length = new DataView(data.buffer, data.byteOffset + at).getUint32(1);
    if (length > maxLength) return bad;
    const end = at + HEADER + length;
    if (end > data.length) return cut;
    const content = data.slice(at + HEADER, end);
    try {
      frames.push(convert(data[at] === TEXT ? textOf(content) : content));
    } catch {
      return bad;
    }
    at = end;
  }
  return { frames, left: 0 };
}
