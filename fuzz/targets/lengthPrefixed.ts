import { lengthPrefixed } from '../../src/index.js';
import { checkDecoding, type Expected } from '../decoding.js';
import { Choices, seeded } from '../Choices.js';
import type { FuzzTarget } from '../FuzzTarget.js';

const WIDTHS = [1, 2, 3, 4, 8, 'varint'] as const;
const LIMITS = [1, 5, 100, 70_000, Number.MAX_SAFE_INTEGER];
const ADJUSTMENTS = [0, 1, -1, 3, -4, 2 ** 31, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER];

interface Layout {
  readonly width: (typeof WIDTHS)[number];
  readonly littleEndian: boolean;
  readonly offset: number;
  readonly adjustment: number;
  readonly lengthIncludesHeader: boolean;
  readonly keepHeader: boolean;
  readonly maxLength: number;
}

export const lengthPrefixedTarget: FuzzTarget = {
  name: 'lengthPrefixed',
  dictionary: [
    Uint8Array.of(0, 0, 0, 1),
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 2),
    Uint8Array.of(3, 0, 0, 0),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
    Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80),
    Uint8Array.of(0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(0x82, 0x01),
  ],
  seeds: seeded(
    [Uint8Array.of(2, 0x61, 0x62, 1, 0x63, 0, 0, 0, 0, 0, 0, 0, 0, 0)],
    [
      [0, 0, 0, 0, 0, 0, 2],
      [1, 1, 0, 0, 0, 1, 2],
      [5, 0, 0, 0, 1, 0, 2],
    ],
  ),
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const layout = {
      width: choices.pick(WIDTHS),
      littleEndian: choices.below(2) === 1,
      offset: choices.pick([0, 0, 1, 3]),
      adjustment: choices.pick(ADJUSTMENTS),
      lengthIncludesHeader: choices.below(2) === 1,
      keepHeader: choices.below(2) === 1,
      maxLength: choices.pick(LIMITS),
    };
    const codec = lengthPrefixed(layout);
    const data = choices.payload;
    const canEncode = layout.offset === 0 || layout.keepHeader;
    checkDecoding(
      { decoder: codec, data, expected: framesOf(data, layout), ...(canEncode ? codec : {}) },
      choices,
    );
  },
};

function framesOf(data: Uint8Array, layout: Layout): Expected<Uint8Array> {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < data.length;) {
    const bad = { frames, code: 'ERR_DECODE', left: data.length - at };
    const cut = { frames, code: 'ERR_INCOMPLETE_READ', left: 0 };
    const field = fieldOf(data.subarray(at + layout.offset), layout);
    if (field === 'more') return cut;
    if (field === 'bad') return bad;
    const header = layout.offset + field.size;
    const length =
      field.value + BigInt(layout.adjustment) - (layout.lengthIncludesHeader ? BigInt(header) : 0n);
    if (field.value > Number.MAX_SAFE_INTEGER || length < 0 || length > layout.maxLength) return bad;
    if (length > data.length - at - header) return cut;
    const end = at + header + Number(length);
    frames.push(data.slice(layout.keepHeader ? at : at + header, end));
    at = end;
  }
  return { frames, left: 0 };
}

function fieldOf(
  bytes: Uint8Array,
  { width, littleEndian }: Layout,
): { size: number; value: bigint } | 'more' | 'bad' {
  if (width === 'varint') {
    const last = bytes.findIndex((byte) => byte < 128);
    if (last > 9 || (last === -1 && bytes.length >= 10)) return 'bad';
    if (last === -1) return 'more';
    const parts = Array.from(bytes.subarray(0, last + 1), (byte) => BigInt(byte & 127));
    return { size: last + 1, value: parts.reduceRight((value, part) => value * 128n + part, 0n) };
  }
  if (bytes.length < width) return 'more';
  const parts = Array.from(bytes.subarray(0, width), BigInt);
  if (littleEndian) parts.reverse();
  return { size: width, value: parts.reduce((value, part) => value * 256n + part, 0n) };
}
