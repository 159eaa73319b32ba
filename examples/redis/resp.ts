/**
 * RESP, the protocol of Redis, in both directions and without I/O: versions 2 and 3.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
import {
  DecodeError,
  decoder,
  encoder,
  type ByteQueue,
  type Data,
  type Decoder,
  type DecoderBytes,
  type DecoderFactory,
  type TextEncoding,
} from 'rxjs-net';

const CRLF = '\r\n';
const CRLF_BYTES = 0x0d0a;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const MiB = 2 ** 20;

// ── Replies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a server sends. An integer beyond ±(2^53 − 1) is a bigint. */
export type Reply =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | RedisError
  | Push
  | Reply[]
  | Map<Reply, Reply>
  | Set<Reply>;

/** An error reply, `-ERR unknown command`: a value here, as it may stand inside an array. */
export class RedisError extends Error {
  override readonly name = 'RedisError';

  /** The first word of the message: `ERR`, `WRONGTYPE`, … */
  get code(): string {
    return this.message.split(' ', 1)[0]!;
  }
}

/** What a server sends without being asked: the messages of a channel, for example. */
export class Push {
  constructor(
    readonly kind: string,
    readonly data: readonly Reply[],
  ) {}
}

export interface ReplyOptions {
  /** What becomes of a bulk string. Default: `utf-8`. */
  encoding?: TextEncoding | 'bytes';
  /** Bytes in one bulk string. Default: 512 MiB, as Redis has it. */
  maxBulk?: number;
  /** Values in one reply, in all its arrays, maps and sets together. Default: 2^24. */
  maxValues?: number;
  /** How deep arrays, maps and sets may lie in each other. Default: 32. */
  maxDepth?: number;
}

/** The replies of a server. */
export function replies(options: ReplyOptions = {}): DecoderFactory<Reply> {
  return decoder((bytes) => new ReplyReader(bytes, options).value());
}

/** Reads one reply. */
class ReplyReader {
  readonly #bytes: DecoderBytes;
  readonly #encoding: TextEncoding | 'bytes';
  readonly #maxBulk: number;
  readonly #maxDepth: number;
  #valuesLeft: number;
  #depth = 0;

  constructor(
    bytes: DecoderBytes,
    { encoding = 'utf-8', maxBulk = 512 * MiB, maxValues = 2 ** 24, maxDepth = 32 }: ReplyOptions,
  ) {
    this.#bytes = bytes;
    this.#encoding = encoding;
    this.#maxBulk = maxBulk;
    this.#maxDepth = maxDepth;
    this.#valuesLeft = maxValues;
  }

  *value(): Generator<undefined, Reply> {
    const type = yield* this.#bytes.text(1);
    switch (type) {
      case '+':
        return yield* this.#line();
      case '-':
        return new RedisError(yield* this.#line());
      case ':':
        return integer(yield* this.#line());
      case '$':
        return yield* this.#bulk();
      case '*':
        return yield* this.#array();
      // From here on: RESP3.
      case '_':
        return constant(yield* this.#line(), { '': null });
      case '#':
        return constant(yield* this.#line(), { t: true, f: false });
      case ',':
        return double(yield* this.#line());
      case '(':
        return BigInt(decimal(yield* this.#line()));
      case '!':
        return new RedisError(textOf(yield* this.#present(this.#bulk())));
      case '=':
        // `txt:` or `mkd:` stands in front.
        return (yield* this.#present(this.#bulk())).slice(4);
      case '%':
        return new Map(pairs(yield* this.#values(2)));
      case '~':
        return new Set(yield* this.#values());
      case '>': {
        const [kind, ...data] = yield* this.#values();
        return new Push(textOf(kind), data);
      }
      case '|':
        // Attributes: what a client may know besides the reply that follows them.
        yield* this.#values(2);
        return yield* this.#nested(this.value());
      default:
        throw new DecodeError(`Unknown type of reply: ${JSON.stringify(type)}`);
    }
  }

  /** What is missing, as RESP2 has it, is null: `$-1`. */
  *#bulk(): Generator<undefined, string | Uint8Array | null> {
    const length = yield* this.#length('bulk string', this.#maxBulk);
    if (length === -1) return null;
    const content =
      this.#encoding === 'bytes'
        ? yield* this.#bytes.exactly(length)
        : yield* this.#bytes.text(length, this.#encoding);
    checkEnd(yield* this.#bytes.uint16());
    return content;
  }

  *#array(): Generator<undefined, Reply[] | null> {
    const count = yield* this.#length('array', this.#valuesLeft);
    return count === -1 ? null : yield* this.#nested(this.#list(count));
  }

  /** The elements of a map, a set and the like, `each` of them for one that is counted. */
  *#values(each = 1): Generator<undefined, Reply[]> {
    const count = yield* this.#length('aggregate', this.#valuesLeft / each);
    if (count === -1) throw new DecodeError('Only a bulk string and an array can be missing');
    return yield* this.#nested(this.#list(count * each));
  }

  *#list(count: number): Generator<undefined, Reply[]> {
    this.#valuesLeft -= count;
    const values: Reply[] = [];
    while (values.length < count) values.push(yield* this.value());
    return values;
  }

  *#nested<T>(part: Generator<undefined, T>): Generator<undefined, T> {
    if (++this.#depth > this.#maxDepth) {
      throw new DecodeError(`A reply may be nested ${this.#maxDepth} deep, and this one is deeper`);
    }
    const value = yield* part;
    this.#depth--;
    return value;
  }

  *#present<T>(part: Generator<undefined, T | null>): Generator<undefined, T> {
    const value = yield* part;
    if (value === null) throw new DecodeError('Only a bulk string and an array can be missing');
    return value;
  }

  *#length(what: string, max: number): Generator<undefined, number> {
    const length = yield* this.#bytes.integer(CRLF);
    if (length < -1 || length > max)
      throw new DecodeError(`A length of ${length} for ${what}, at most ${max}`);
    return length;
  }

  *#line(): Generator<undefined, string> {
    const line = yield* this.#bytes.until(CRLF);
    return textOf(line.subarray(0, -2));
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Text, also where `encoding: 'bytes'` has left bytes. */
export function textOf(value: Reply | undefined): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return utf8.decode(value);
  throw new DecodeError('A text is missing');
}

/** 64 bits, which is more than a number holds. */
function integer(line: string): number | bigint {
  const value = Number(decimal(line));
  return Number.isSafeInteger(value) ? value : BigInt(line);
}

function decimal(line: string): string {
  if (!/^[+-]?\d+$/.test(line)) throw new DecodeError(`Not an integer: ${JSON.stringify(line)}`);
  return line;
}

function double(line: string): number {
  if (/^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(line)) return Number(line);
  return constant(line, { inf: Infinity, '-inf': -Infinity, nan: NaN, '-nan': NaN });
}

function constant<T>(line: string, values: Record<string, T>): T {
  if (!Object.hasOwn(values, line)) throw new DecodeError(`Not a value: ${JSON.stringify(line)}`);
  return values[line]!;
}

function pairs<T>(values: readonly T[]): [T, T][] {
  return Array.from({ length: values.length / 2 }, (_, i) => [values[2 * i]!, values[2 * i + 1]!]);
}

function checkEnd(end: number): void {
  if (end !== CRLF_BYTES) throw new DecodeError('A bulk string goes on behind its length');
}

// ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface CommandOptions {
  /** How arguments become text; `latin1`, a character for each byte, keeps all of them. Default: `utf-8`. */
  encoding?: TextEncoding;
  /** Bytes in one argument. Default: 512 MiB, as Redis has it. */
  maxBulk?: number;
  /** Arguments in one command. Default: 2^20, as Redis has it. */
  maxArguments?: number;
}

/** Bytes in an inline command, as Redis has it. */
const MAX_INLINE = 65536;

/**
 * The commands of a client, each an array of bulk strings, or a line of words as a human types them. An empty one,
 * which is to be ignored, is empty here as well.
 *
 * This is the generator, which reads as the specification does. `fastCommands` is the same.
 */
export function commands(options: CommandOptions = {}): DecoderFactory<string[]> {
  const { encoding, maxBulk, maxArguments } = withDefaults(options);
  return decoder(function* (bytes) {
    if ((yield* bytes.peek()) !== ASTERISK) return words(yield* bytes.until('\n', MAX_INLINE), encoding);
    yield* bytes.skip(1);
    const count = yield* bytes.integer(CRLF);
    if (count > maxArguments) throw new DecodeError('invalid multibulk length');
    const args: string[] = [];
    while (args.length < count) {
      checkMark(yield* bytes.uint8());
      const length = yield* bytes.integer(CRLF);
      if (length < 0 || length > maxBulk) throw new DecodeError('invalid bulk length');
      args.push(yield* bytes.text(length, encoding));
      checkEnd(yield* bytes.uint16());
    }
    return args;
  });
}

/** The commands of a client: what `commands` gives, by an object that remembers how far it has come. */
export function fastCommands(options: CommandOptions = {}): DecoderFactory<string[]> {
  const all = withDefaults(options);
  return () => new CommandDecoder(all);
}

type CommandPart = 'start' | 'count' | 'mark' | 'length' | 'argument';

class CommandDecoder implements Decoder<string[]> {
  readonly #encoding: TextEncoding;
  readonly #maxBulk: number;
  readonly #maxArguments: number;
  /** What comes next. Nothing in front of it is looked at again, however the bytes trickle in. */
  #next: CommandPart = 'start';
  #args: string[] = [];
  #missing = 0;
  #length = 0;

  constructor({ encoding, maxBulk, maxArguments }: Required<CommandOptions>) {
    this.#encoding = encoding;
    this.#maxBulk = maxBulk;
    this.#maxArguments = maxArguments;
  }

  decode(bytes: ByteQueue): string[] | undefined {
    if (this.#next === 'start') {
      const first = bytes.peek();
      if (first !== ASTERISK) return first === undefined ? undefined : this.#inline(bytes);
      bytes.skip(1);
      this.#next = 'count';
    }
    if (this.#next === 'count') {
      const count = bytes.takeInteger(CRLF);
      if (count === undefined) return undefined;
      if (count > this.#maxArguments) throw new DecodeError('invalid multibulk length');
      this.#missing = count;
      this.#args = [];
      this.#next = 'mark';
    }
    for (; this.#missing > 0; this.#missing--) {
      if (!this.#argument(bytes)) return undefined;
    }
    this.#next = 'start';
    return this.#args;
  }

  #argument(bytes: ByteQueue): boolean {
    if (this.#next === 'mark') {
      const mark = bytes.takeUint8();
      if (mark === undefined) return false;
      checkMark(mark);
      this.#next = 'length';
    }
    if (this.#next === 'length') {
      const length = bytes.takeInteger(CRLF);
      if (length === undefined) return false;
      if (length < 0 || length > this.#maxBulk) throw new DecodeError('invalid bulk length');
      this.#length = length;
      this.#next = 'argument';
    }
    if (bytes.length < this.#length + 2) return false;
    this.#args.push(bytes.takeText(this.#length, this.#encoding)!);
    checkEnd(bytes.takeUint16()!);
    this.#next = 'mark';
    return true;
  }

  #inline(bytes: ByteQueue): string[] | undefined {
    const line = bytes.takeUntil('\n', MAX_INLINE);
    return line && words(line, this.#encoding);
  }
}

function withDefaults(options: CommandOptions): Required<CommandOptions> {
  return { encoding: 'utf-8', maxBulk: 512 * MiB, maxArguments: MiB, ...options };
}

function checkMark(mark: number): void {
  if (mark !== DOLLAR)
    throw new DecodeError(`expected '$', got ${JSON.stringify(String.fromCharCode(mark))}`);
}

const WORD = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']+))(?!\S)/sy;
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

/** A line of words; one in quotes may hold spaces, and escapes if the quotes are double. */
function words(bytes: Uint8Array, encoding: TextEncoding): string[] {
  const line = (encoding === 'latin1' ? String.fromCharCode(...bytes) : utf8.decode(bytes)).trimEnd();
  const found: string[] = [];
  WORD.lastIndex = 0;
  for (let at = 0; at < line.length; at = WORD.lastIndex) {
    const match = WORD.exec(line);
    if (match === null) throw new DecodeError('unbalanced quotes in request');
    const [, double, single, plain] = match;
    found.push(plain ?? single?.replaceAll("\\'", "'") ?? unescaped(double!));
  }
  return found;
}

function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|(.))/gis, (_, hex?: string, other?: string) =>
    hex === undefined ? (ESCAPES[other!] ?? other!) : String.fromCharCode(parseInt(hex, 16)),
  );
}

// ── Encoders ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What can stand in a command: text goes out as UTF-8. */
export type Argument = string | number | bigint | Uint8Array;

/** A command as an array of bulk strings. */
export const encodeCommand = encoder((writer, args: readonly Argument[]) => {
  writer.text('*').integer(args.length, CRLF);
  for (const arg of args) {
    const content = arg instanceof Uint8Array ? arg : String(arg);
    writer.text('$').integerPrefixed(CRLF, content).text(CRLF);
  }
});

/** A simple string in the answer of a server: `+OK`. */
export class Status {
  constructor(readonly text: string) {}
}

/** What a server of ours answers. Text is latin1, a character for each byte: so it can hold whatever a client stores. */
export type Answer =
  null | number | bigint | string | Status | RedisError | Push | Answer[] | Map<string, Answer>;

/** An answer for a client that speaks this version of the protocol. */
export function encodeAnswer(answer: Answer, protocol: 2 | 3 = 2): Data {
  const text = answerText(answer, protocol);
  // What is ASCII is the same in UTF-8, which is what a string is written as.
  return isAscii(text) ? text : Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function answerText(answer: Answer, protocol: 2 | 3): string {
  if (typeof answer === 'string') return `$${answer.length}\r\n${answer}\r\n`;
  if (typeof answer === 'number' || typeof answer === 'bigint') return `:${answer}\r\n`;
  if (answer === null) return protocol === 2 ? '$-1\r\n' : '_\r\n';
  if (answer instanceof Status) return `+${oneLine(answer.text)}\r\n`;
  if (answer instanceof RedisError) return `-${oneLine(answer.message)}\r\n`;
  const values = valuesOf(answer);
  const mark = protocol === 2 || Array.isArray(answer) ? '*' : answer instanceof Push ? '>' : '%';
  const count = mark === '%' ? values.length / 2 : values.length;
  return `${mark}${count}\r\n${values.map((value) => answerText(value, protocol)).join('')}`;
}

function valuesOf(answer: Answer[] | Push | Map<string, Answer>): Answer[] {
  if (answer instanceof Push) return [answer.kind, ...(answer.data as Answer[])];
  return Array.isArray(answer) ? answer : [...answer].flat();
}

function isAscii(text: string): boolean {
  return !/[\u0080-\uffff]/.test(text);
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}
