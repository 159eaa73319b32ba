import fc from 'fast-check';
import {
  commands,
  encodeAnswer,
  encodeCommand,
  fastCommands,
  Push,
  RedisError,
  replies,
  Status,
  type Answer,
  type Argument,
  type CommandOptions,
  type Reply,
} from '../../examples/redis/resp.js';
import { ByteQueue, type DecoderFactory, type StreamError } from '../../src/index.js';
import { checkDecoder, manualConnection } from '../../src/testing.js';
import { bytes, joined } from '../contracts/bytes.js';

/** What a decoder makes of a stream that ends behind these bytes: its frames, and `|` or the error. */
function decodeAll<T>(decoder: DecoderFactory<T>, data: Uint8Array | string): unknown[] {
  const { reader, transport } = manualConnection();
  const log: unknown[] = [];
  reader.frames(decoder).subscribe({
    next: (frame) => log.push(frame),
    error: ({ code, message }: StreamError) => log.push(`# ${code}: ${message}`),
    complete: () => log.push('|'),
  });
  if (data.length > 0) transport.receive(data);
  transport.receiveEof();
  return log;
}

describe('examples: the replies of RESP', () => {
  const examples: Record<string, [wire: string, reply: Reply]> = {
    'a simple string': ['+OK\r\n', 'OK'],
    'an error': ['-WRONGTYPE not a list\r\n', new RedisError('WRONGTYPE not a list')],
    'an integer': [':-42\r\n', -42],
    'an integer of 64 bits': [':9223372036854775807\r\n', 9223372036854775807n],
    'a bulk string': ['$8\r\nGr\u00fc\u00dfe\n\r\n', 'Gr\u00fc\u00dfe\n'],
    'an empty bulk string': ['$0\r\n\r\n', ''],
    'a missing bulk string': ['$-1\r\n', null],
    'an array': ['*3\r\n$1\r\na\r\n:1\r\n$-1\r\n', ['a', 1, null]],
    'an empty array': ['*0\r\n', []],
    'a missing array': ['*-1\r\n', null],
    'an array in an array, with an error in it': [
      '*2\r\n*1\r\n+OK\r\n-ERR no\r\n',
      [['OK'], new RedisError('ERR no')],
    ],
    'a null': ['_\r\n', null],
    'a true': ['#t\r\n', true],
    'a false': ['#f\r\n', false],
    'a double': [',-1.5e3\r\n', -1500],
    'a double without a fraction': [',10\r\n', 10],
    'an infinite double': [',-inf\r\n', -Infinity],
    'no number': [',nan\r\n', NaN],
    'a big number': [
      '(-3492890328409238509324850943850943825024385\r\n',
      BigInt('-3492890328409238509324850943850943825024385'),
    ],
    'a bulk error': ['!9\r\nERR a\r\nb!\r\n', new RedisError('ERR a\r\nb!')],
    'a verbatim string': ['=9\r\ntxt:a\r\nbc\r\n', 'a\r\nbc'],
    'a map': [
      '%2\r\n+a\r\n:1\r\n:2\r\n*1\r\n+b\r\n',
      new Map<Reply, Reply>([
        ['a', 1],
        [2, ['b']],
      ]),
    ],
    'a set': ['~2\r\n+a\r\n#t\r\n', new Set<Reply>(['a', true])],
    'an attribute, which is for nobody': ['|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n', 'a'],
    'a push': ['>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n', new Push('message', ['c', 'hi'])],
  };

  for (const [name, [wire, reply]] of Object.entries(examples)) {
    it(`know ${name}, however it is cut`, () => {
      expect(checkDecoder(replies(), wire).map(show)).toEqual([show(reply)]);
    });
  }

  it('keep bulk strings as they are told to', () => {
    const wire = Uint8Array.of(
      ...bytes('$3\r\n'),
      0xff,
      0x00,
      0x80,
      ...bytes('\r\n=5\r\ntxt:a\r\n>1\r\n$1\r\na\r\n'),
    );
    expect(checkDecoder(replies({ encoding: 'bytes' }), wire).map(show)).toEqual([
      'bytes 255,0,128',
      'bytes 97',
      'push a ()',
    ]);
    const [latin1] = decodeAll(replies({ encoding: 'latin1' }), wire);
    const [utf8] = decodeAll(replies(), wire);
    expect([latin1, utf8]).toEqual(['\u00ff\u0000\u0080', '\ufffd\u0000\ufffd']);
  });

  const bad: Record<string, string> = {
    'an unknown type': '@1\r\n',
    'a length that is none': '$a\r\n',
    'a negative length': '$-2\r\n',
    'a missing map': '%-1\r\n',
    'a missing bulk error': '!-1\r\n',
    'a bulk string that goes on': '$1\r\nab\r\n',
    'an integer that is none': ':1.5\r\n',
    'a double that is none': ',1.5.\r\n',
    'a property of every object in place of a double': ',constructor\r\n',
    'a boolean that is none': '#y\r\n',
    'a null with something in it': '_null\r\n',
    'a push without a kind': '>0\r\n',
  };
  for (const [name, wire] of Object.entries(bad)) {
    it(`are refused with ${name}`, () => {
      checkDecoder(replies(), wire);
      const log = decodeAll(replies(), `+OK\r\n${wire}+OK\r\n`);
      expect(log).toEqual(['OK', jasmine.stringMatching(/^# ERR_DECODE: /)]);
    });
  }

  it('are bounded: the bytes of a bulk string, the values, the depth, and a line', () => {
    const bounded = replies({ maxBulk: 10, maxValues: 4, maxDepth: 2 });
    const decode = (wire: string): unknown => decodeAll(bounded, wire);
    const refused = [jasmine.stringMatching(/^# ERR_DECODE: /)];

    expect(decode(`$10\r\n0123456789\r\n`)).toEqual(['0123456789', '|']);
    expect(decode(`$11\r\n`)).toEqual(refused);
    expect(decode('*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n')).toEqual([[1, 2, 3, 4], '|']);
    expect(decode('*5\r\n')).toEqual(refused);
    expect(decode('%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n')).toEqual([jasmine.any(Map), '|']);
    expect(decode('%3\r\n')).toEqual(refused);
    // All together count, not each for itself.
    expect(decode('*2\r\n*2\r\n:1\r\n:2\r\n*1\r\n')).toEqual(refused);
    expect(decode('*1\r\n*1\r\n:1\r\n')).toEqual([[[1]], '|']);
    expect(decode('*1\r\n*1\r\n*1\r\n')).toEqual(refused);
    expect(decode('|0\r\n|0\r\n|0\r\n')).toEqual(refused);
    expect(decode(`+${'a'.repeat(70_000)}`)).toEqual([jasmine.stringMatching(/^# ERR_LIMIT_OVERRUN/)]);
  });

  it('come back from any value as it was sent, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(anyReply, { minLength: 1, maxLength: 3 }), (sent) => {
        const wire = joined(sent.map(({ wire }) => bytes(wire)));
        const frames = checkDecoder(replies(), wire, { trailing: '+next\r\n' });
        expect(frames.map(show)).toEqual(sent.map(({ value }) => show(value)));
      }),
      { numRuns: 30 },
    );
  });

  it('give nothing but frames and StreamErrors, whatever comes, however it is cut', () => {
    fc.assert(
      fc.property(garbage, (data) => {
        checkDecoder(replies(), data);
      }),
      { numRuns: 100 },
    );
    expect().nothing();
  });
});

/** A reply with all its types, in a form that compares by value: maps may have maps as their keys. */
function show(reply: Reply): string {
  const list = (values: Iterable<Reply>): string => [...values].map(show).join(' ');
  if (Array.isArray(reply)) return `[${list(reply)}]`;
  if (reply instanceof Set) return `set(${list(reply)})`;
  if (reply instanceof Map) return `map(${list([...reply].flat())})`;
  if (reply instanceof Push) return `push ${reply.kind} (${list(reply.data)})`;
  if (reply instanceof RedisError) return `error ${JSON.stringify(reply.message)}`;
  if (reply instanceof Uint8Array) return `bytes ${String(reply)}`;
  return typeof reply === 'string' ? JSON.stringify(reply) : `${typeof reply} ${String(reply)}`;
}

interface Sent {
  wire: string;
  value: Reply;
}

const textWire = (mark: string, text: string): string => `${mark}${bytes(text).length}\r\n${text}\r\n`;
const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''));
const anyText = fc.string({ unit: 'grapheme', maxLength: 20 });
const scalar: fc.Arbitrary<Sent> = fc.oneof(
  line.map((text) => ({ wire: `+${text}\r\n`, value: text })),
  line.map((text) => ({ wire: `-${text}\r\n`, value: new RedisError(text) })),
  fc.maxSafeInteger().map((n) => ({ wire: `:${n}\r\n`, value: n })),
  fc.bigInt(2n ** 53n, 2n ** 63n - 1n).map((n) => ({ wire: `:${n}\r\n`, value: n })),
  anyText.map((text) => ({ wire: textWire('$', text), value: text })),
  anyText.map((text) => ({ wire: textWire('!', text), value: new RedisError(text) })),
  anyText.map((text) => ({ wire: textWire('=', `txt:${text}`), value: text })),
  fc.constant({ wire: '$-1\r\n', value: null }),
  fc.constant({ wire: '_\r\n', value: null }),
  fc.boolean().map((value) => ({ wire: value ? '#t\r\n' : '#f\r\n', value })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ wire: `,${value}\r\n`, value })),
  fc.bigInt().map((value) => ({ wire: `(${value}\r\n`, value })),
);
const { reply: anyReply } = fc.letrec<{ reply: Sent }>((tie) => {
  const several = fc.array(tie('reply'), { maxLength: 4 });
  const wires = (all: readonly Sent[]): string => all.map(({ wire }) => wire).join('');
  return {
    reply: fc.oneof(
      { maxDepth: 3 },
      scalar,
      several.map((all) => ({
        wire: `*${all.length}\r\n${wires(all)}`,
        value: all.map(({ value }) => value),
      })),
      several.map((all) => ({
        wire: `~${all.length}\r\n${wires(all)}`,
        value: new Set(all.map(({ value }) => value)),
      })),
      fc.array(fc.tuple(tie('reply'), tie('reply')), { maxLength: 3 }).map((all) => ({
        wire: `%${all.length}\r\n${wires(all.flat())}`,
        value: new Map(all.map(([key, value]) => [key.value, value.value])),
      })),
    ),
  };
});
const garbage = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...'+ - : $ * _ # , ( ! = % ~ | >'.split(' '),
        '\r\n',
        '\r',
        '\n',
        '1\r\n',
        '-1\r\n',
        '"',
        "'",
      ),
      fc.string(),
    ),
    {
      maxLength: 30,
    },
  )
  .map((parts) => bytes(parts.join('')));

const decoders: Record<string, (options?: CommandOptions) => DecoderFactory<string[]>> = {
  'the generator': commands,
  'the object': fastCommands,
};
for (const [name, make] of Object.entries(decoders)) {
  describe(`examples: the commands of RESP, read by ${name}`, () => {
    it('are arrays of bulk strings', () => {
      expect(checkDecoder(make(), '*2\r\n$3\r\nGET\r\n$5\r\na\r\n\u00fc\r\n*1\r\n$4\r\nPING\r\n')).toEqual([
        ['GET', 'a\r\n\u00fc'],
        ['PING'],
      ]);
    });

    it('are empty where they say nothing', () => {
      expect(checkDecoder(make(), '*0\r\n*-1\r\n\r\n\n  \r\n')).toEqual([[], [], [], [], []]);
    });

    it('may be lines of words, in quotes or not', () => {
      expect(checkDecoder(make(), 'PING\r\n  SET\ta  b \nx\n')).toEqual([['PING'], ['SET', 'a', 'b'], ['x']]);
      expect(checkDecoder(make(), `SET "a b\\"\\n\\x41\\q" 'c\\'d "' ''\n`)).toEqual([
        ['SET', 'a b"\nAq', 'c\'d "', ''],
      ]);
      expect(decodeAll(make({ encoding: 'latin1' }), Uint8Array.of(0xfc, 0x80, 0x0a))).toEqual([
        ['\u00fc\u0080'],
        '|',
      ]);
    });

    it('keep all bytes as latin1', () => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      const wire = joined([bytes('*1\r\n$256\r\n'), all, bytes('\r\n')]);
      const [[text]] = checkDecoder(make({ encoding: 'latin1' }), wire) as [[string]];
      expect(Uint8Array.from(text, (character) => character.charCodeAt(0))).toEqual(all);
    });

    const bad: Record<string, [wire: string, message: RegExp]> = {
      'quotes that do not end': ['SET "a\n', /unbalanced quotes/],
      'quotes that go on': ['SET "a"b\n', /unbalanced quotes/],
      'too many arguments': ['*1048577\r\n', /invalid multibulk length/],
      'a count that is none': ['*a\r\n', /integer/],
      'something else than a bulk string': ['*1\r\n:1\r\n', /expected '\$', got ":"/],
      'a missing argument': ['*1\r\n$-1\r\n', /invalid bulk length/],
      'an argument that is too long': ['*1\r\n$536870913\r\n', /invalid bulk length/],
      'an argument that goes on': ['*1\r\n$1\r\nab\r\n', /goes on/],
    };
    for (const [what, [wire, message]] of Object.entries(bad)) {
      it(`are refused with ${what}`, () => {
        checkDecoder(make(), wire);
        expect(decodeAll(make(), wire)).toEqual([jasmine.stringMatching(message)]);
      });
    }

    it('are bounded', () => {
      const bounded = make({ maxBulk: 3, maxArguments: 2 });
      expect(decodeAll(bounded, '*2\r\n$3\r\nabc\r\n$0\r\n\r\n')).toEqual([['abc', ''], '|']);
      expect(decodeAll(bounded, '*3\r\n')).toEqual([jasmine.stringMatching(/invalid multibulk length/)]);
      expect(decodeAll(bounded, '*1\r\n$4\r\n')).toEqual([jasmine.stringMatching(/invalid bulk length/)]);
      const inline = 'a'.repeat(65536);
      expect(decodeAll(bounded, `${inline}\n`)).toEqual([[inline], '|']);
      expect(decodeAll(bounded, `${inline}a`)).toEqual([jasmine.stringMatching(/^# ERR_LIMIT_OVERRUN/)]);
    });

    it('cost as much as they have bytes, also when these come one by one', () => {
      const wire = encodeCommand(Array.from({ length: 2000 }, (_, i) => i));
      const queue = new ByteQueue();
      const verbs = (
        ['peek', 'skip', 'takeUint8', 'takeUint16', 'takeInteger', 'takeText', 'takeUntil'] as const
      ).map((verb) => spyOn(queue, verb).and.callThrough());
      const decoder = make()();
      const frames: string[][] = [];
      for (const byte of wire) {
        queue.push(Uint8Array.of(byte));
        const frame = decoder.decode(queue);
        if (frame !== undefined) frames.push(frame);
      }
      expect(frames.map((frame) => frame.length)).toEqual([2000]);
      const calls = verbs.reduce((sum, verb) => sum + verb.calls.count(), 0);
      expect(calls).toBeLessThan(3 * wire.length);
    });
  });
}

describe('examples: the commands of RESP', () => {
  it('are the same for the generator and the object, whatever comes', () => {
    const command = fc
      .array(fc.string({ unit: 'grapheme', maxLength: 20 }), { minLength: 1, maxLength: 5 })
      .map((args) => encodeCommand(args));
    const stream = fc.array(fc.oneof(command, garbage), { maxLength: 4 }).map(joined);
    fc.assert(
      fc.property(stream, (data) => {
        expect(checkDecoder(fastCommands(), data)).toEqual(checkDecoder(commands(), data));
        expect(decodeAll(fastCommands(), data)).toEqual(decodeAll(commands(), data));
      }),
      { numRuns: 60 },
    );
  });

  it('come back from what is encoded, bytes and text and numbers', () => {
    const argument = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.integer(),
      fc.bigInt(),
    );
    const latin1 = (data: Uint8Array): string => String.fromCharCode(...data);
    const sent = (arg: Argument): string => latin1(arg instanceof Uint8Array ? arg : bytes(String(arg)));
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 6 }), (args) => {
        expect(decodeAll(fastCommands({ encoding: 'latin1' }), encodeCommand(args))).toEqual([
          args.map(sent),
          '|',
        ]);
      }),
    );
  });
});

describe('examples: the answers of RESP', () => {
  it('come back from what is encoded, in both versions', () => {
    const answer: Answer = [
      'bulk \u00fc',
      '',
      1,
      2n ** 63n - 1n,
      null,
      new Status('OK'),
      new RedisError('ERR no'),
      [],
      new Map<string, Answer>([
        ['a', 1],
        ['b', [null]],
      ]),
    ];
    const decode = (protocol: 2 | 3): unknown => {
      const data = encodeAnswer(answer, protocol);
      return decodeAll(replies({ encoding: 'latin1' }), data);
    };
    const same = ['bulk \u00fc', '', 1, 2n ** 63n - 1n, null, 'OK', new RedisError('ERR no'), []];

    expect(decode(2)).toEqual([[...same, ['a', 1, 'b', [null]]], '|']);
    expect(decode(3)).toEqual([
      [
        ...same,
        new Map<Reply, Reply>([
          ['a', 1],
          ['b', [null]],
        ]),
      ],
      '|',
    ]);
    expect(encodeAnswer([null], 2)).toBe('*1\r\n$-1\r\n');
    expect(encodeAnswer([null], 3)).toBe('*1\r\n_\r\n');
  });

  it('are bytes, a byte for each character, where text would not do', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(encodeAnswer(String.fromCharCode(...all))).toEqual(
      joined([bytes('$256\r\n'), all, bytes('\r\n')]),
    );
    expect(encodeAnswer('ascii')).toBe('$5\r\nascii\r\n');
  });

  it('keep a status and an error to one line', () => {
    expect(encodeAnswer(new RedisError("ERR unknown command 'a\r\n+OK'"))).toBe(
      "-ERR unknown command 'a  +OK'\r\n",
    );
    expect(encodeAnswer(new Status('a\nb'))).toBe('+a b\r\n');
  });
});
