import { decoder, type DecoderBytes, type Take } from '../../src/index.js';
import { checkDecoding, type Expected } from '../decoding.js';
import { Choices } from '../Choices.js';
import { bytesOf, findSeparator, readUntil, textOf } from '../naive.js';
import type { FuzzTarget } from '../FuzzTarget.js';

/** What a verb makes of the bytes from `at` on: a value and where it ends, `more`, or the code of an error. */
type Outcome = readonly [value: unknown, next: number] | 'more' | 'ERR_DECODE' | 'ERR_LIMIT_OVERRUN';

/** A verb twice: on the bytes of a decoder, and on an array. */
interface Verb {
  take(bytes: DecoderBytes): Take<unknown>;
  naive(data: Uint8Array, at: number): Outcome;
  /** It lets go of what was taken up to where it has come. */
  readonly letsGo?: boolean;
}

const LIMIT = 20;
const SEPARATORS = [['\n'], ['\r\n', '\n'], ['ab', 'b'], ['aab', 'ab', 'c']];
const COUNTS = [0, 1, 2, 5, 40];

const TWO_TO_53 = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10);
const TWO_TO_64 = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02);

export const generatorTarget: FuzzTarget = {
  name: 'decoder',
  dictionary: [
    ...['\n', '\r\n', 'ab', 'aab', 'c', '12\n', '-7\r\n', '+0\n', '9007199254740991\n', '9007199254740992\n'],
    ...['18446744073709551615\n', '-9223372036854775809\n', '000000000000000000001\n'],
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f),
    Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80),
    TWO_TO_53,
    TWO_TO_64,
  ],
  // The last bytes choose the verbs, the very last one how many.
  seeds: Array.from({ length: 24 }, (_, kind) => [
    seed(bytesOf('x12\n-7\r\naabxyz\nabcdefghijklmnopqrstuvwxyz'), kind, kind),
    seed(bytesOf('x12\n\n-7\n;3;\r\r\n4\r\n'), kind, 4),
    ...[TWO_TO_53, TWO_TO_64].map((bytes) => seed(Uint8Array.of(0, ...bytes, 0, ...bytes), kind, 4)),
  ]).flat(),
  stepsPerByte: 2000,
  run(input) {
    const choices = new Choices(input);
    const verbs = Array.from({ length: 1 + choices.below(4) }, () => verbOf(choices));
    const data = choices.payload;
    const factory = decoder(function* (bytes) {
      // At least one byte, as a frame of none would come for ever.
      const values: unknown[] = [yield* bytes.uint8()];
      for (const verb of verbs) values.push(yield* verb.take(bytes));
      return values;
    });
    const letsGo = verbs.some((verb) => verb.letsGo === true);
    checkDecoding({ decoder: factory, data, expected: framesOf(data, verbs), letsGo }, choices);
  },
};

function seed(data: Uint8Array, first: number, second: number): Uint8Array {
  return Uint8Array.of(...data, second, 1, 1, first, 1, 1, 1);
}

function framesOf(data: Uint8Array, verbs: readonly Verb[]): Expected<unknown[]> {
  const frames: unknown[][] = [];
  let at = 0;
  while (at < data.length) {
    const values: unknown[] = [data[at]];
    let kept = at++;
    for (const verb of verbs) {
      const outcome = verb.naive(data, at);
      if (outcome === 'more') return { frames, code: 'ERR_INCOMPLETE_READ', left: 0 };
      if (typeof outcome === 'string') return { frames, code: outcome, left: data.length - kept };
      values.push(outcome[0]);
      at = outcome[1];
      if (verb.letsGo === true) kept = at;
    }
    frames.push(values);
  }
  return { frames, left: 0 };
}

function verbOf(choices: Choices): Verb {
  const n = choices.pick(COUNTS);
  const separators = choices.pick(SEPARATORS);
  const found = separators.map(bytesOf);
  const littleEndian = n % 2 === 1;
  const kind = choices.below(24);
  switch (kind) {
    case 0:
      return exact(
        n,
        (bytes) => bytes.exactly(n),
        (bytes) => bytes,
      );
    case 1:
      return exact(
        n,
        (bytes) => bytes.text(n),
        (bytes) => textOf(bytes),
      );
    case 2:
      return exact(
        n,
        (bytes) => bytes.text(n, 'latin1'),
        (bytes) => textOf(bytes, 'latin1'),
      );
    case 3:
      return {
        take: (bytes) => bytes.text(n, 'ascii'),
        naive: (data, at) => asAscii(data.slice(at, at + n), n, at + n),
      };
    case 4:
      return exact(
        n,
        (bytes) => bytes.skip(n),
        () => true,
      );
    case 5:
      return { take: (bytes) => bytes.commit(), naive: (_, at) => [true, at], letsGo: true };
    case 6:
      return {
        ...exact(
          n,
          (bytes) => bytes.discard(n),
          () => true,
        ),
        letsGo: true,
      };
    case 7:
      return {
        take: (bytes) => bytes.until(separators, LIMIT),
        naive(data, at) {
          const end = readUntil(data, at, found, LIMIT);
          if (typeof end === 'string') return end === 'more' ? end : 'ERR_LIMIT_OVERRUN';
          return [data.slice(at, end.end), end.end];
        },
      };
    case 8:
      return {
        take: (bytes) => bytes.textUntil(separators, LIMIT),
        naive(data, at) {
          const end = readUntil(data, at, found, LIMIT);
          if (typeof end === 'string') return end === 'more' ? end : 'ERR_LIMIT_OVERRUN';
          return [textOf(data.slice(at, end.end - end.longest)), end.end];
        },
      };
    case 9:
      return { take: (bytes) => bytes.line({ limit: LIMIT }), naive: lineAt };
    case 10:
      return {
        take: (bytes) => bytes.integer(['\n\n', '\n', ';']),
        naive: (data, at) => integerAt(data, at, /^[-+]?\d{1,16}$/, Number, ['\n\n', '\n', ';']),
      };
    case 11:
      return {
        take: (bytes) => bytes.unsignedInteger('\r\n'),
        naive: (data, at) => integerAt(data, at, /^\d{1,16}$/, Number, ['\r\n']),
      };
    case 12:
      return {
        take: (bytes) => bytes.bigInteger(['\n', '\r\n']),
        naive: (data, at) => integerAt(data, at, /^[-+]?\d{1,20}$/, toBigInt, ['\n', '\r\n']),
      };
    case 13:
      return { take: (bytes) => bytes.varint(), naive: (data, at) => varintAt(data, at, false) };
    case 14:
      return { take: (bytes) => bytes.bigVarint(), naive: (data, at) => varintAt(data, at, true) };
    case 15:
      return {
        take: (bytes) => bytes.peek(n),
        naive: (data, at) => (at + n < data.length ? [data[at + n], at] : 'more'),
      };
    case 16:
      return { take: (bytes) => bytes.atEnd(), naive: (data, at) => [at === data.length, at] };
    case 17:
      return number(
        2,
        (bytes) => bytes.uint16(littleEndian),
        (view) => view.getUint16(0, littleEndian),
      );
    case 18:
      return number(
        2,
        (bytes) => bytes.int16(littleEndian),
        (view) => view.getInt16(0, littleEndian),
      );
    case 19:
      return number(
        4,
        (bytes) => bytes.uint32(littleEndian),
        (view) => view.getUint32(0, littleEndian),
      );
    case 20:
      return number(
        8,
        (bytes) => bytes.bigUint64(littleEndian),
        (view) => view.getBigUint64(0, littleEndian),
      );
    case 21:
      return number(
        8,
        (bytes) => bytes.bigInt64(littleEndian),
        (view) => view.getBigInt64(0, littleEndian),
      );
    case 22:
      return number(
        8,
        (bytes) => bytes.float64(littleEndian),
        (view) => view.getFloat64(0, littleEndian),
      );
    default:
      return number(
        4,
        (bytes) => bytes.int32(littleEndian),
        (view) => view.getInt32(0, littleEndian),
      );
  }
}

function exact(n: number, take: Verb['take'], convert: (bytes: Uint8Array) => unknown): Verb {
  return {
    take,
    naive: (data, at) => (at + n <= data.length ? [convert(data.slice(at, at + n)), at + n] : 'more'),
  };
}

function number(n: number, take: Verb['take'], get: (view: DataView) => unknown): Verb {
  return exact(n, take, (bytes) => get(new DataView(bytes.buffer, bytes.byteOffset)));
}

function asAscii(bytes: Uint8Array, n: number, next: number): Outcome {
  if (bytes.length < n) return 'more';
  return bytes.some((byte) => byte > 127) ? 'ERR_DECODE' : [textOf(bytes), next];
}

function lineAt(data: Uint8Array, at: number): Outcome {
  const end = findSeparator(data, at, [bytesOf('\n')])?.end;
  const length = (end === undefined ? data.length : end - 1) - at;
  if (length > LIMIT) return 'ERR_LIMIT_OVERRUN';
  const text = textOf(data.slice(at, at + length));
  if (end !== undefined) return [text.endsWith('\r') ? text.slice(0, -1) : text, end];
  return length === 0 ? 'more' : [text, data.length];
}

function integerAt(
  data: Uint8Array,
  at: number,
  form: RegExp,
  convert: (text: string) => number | bigint,
  terminators: readonly string[],
): Outcome {
  const text = textOf(data.slice(at), 'latin1');
  const digits = /^[-+]?\d*/.exec(text)![0];
  const after = text.slice(digits.length);
  const lengths = terminators.filter((one) => after.startsWith(one)).map(({ length }) => length);
  const mayGoOn = terminators.some((one) => one.startsWith(after));
  // A sign alone may become a number, and so may nothing.
  const isForm = form.test(digits) || (/^[-+]?$/.test(digits) && form.test(`${digits}0`) && after === '');
  if (!isForm || (lengths.length === 0 && !mayGoOn)) return 'ERR_DECODE';
  if (digits !== '' && form.test(digits) && !isInRange(convert(digits))) return 'ERR_DECODE';
  if (lengths.length === 0) return 'more';
  const value = convert(digits);
  // Written as `-0`, it is 0.
  return [value === 0 ? 0 : value, at + digits.length + Math.min(...lengths)];
}

function toBigInt(text: string): bigint {
  return BigInt(text.replace('+', ''));
}

function isInRange(value: number | bigint): boolean {
  return typeof value === 'number' ? Number.isSafeInteger(value) : value >= -(2n ** 63n) && value < 2n ** 64n;
}

function varintAt(data: Uint8Array, at: number, big: boolean): Outcome {
  const bytes = data.slice(at, at + 10);
  const last = bytes.findIndex((byte) => byte < 128);
  const parts = Array.from(last === -1 ? bytes : bytes.slice(0, last + 1), (byte) => BigInt(byte & 127));
  const value = parts.reduceRight((sum, part) => sum * 128n + part, 0n);
  // Too large already, whatever follows.
  if (value >= (big ? 2n ** 64n : 2n ** 53n)) return 'ERR_DECODE';
  if (last === -1) return bytes.length === 10 ? 'ERR_DECODE' : 'more';
  return [big ? value : Number(value), at + last + 1];
}
