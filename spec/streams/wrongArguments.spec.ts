import { NEVER } from 'rxjs';
import {
  framed,
  lines,
  RateLimit,
  readLine,
  readUntil,
  sendAll,
  serve,
  useConnection,
  writeTo,
  type ConsumeOptions,
  type Framed,
} from '../../src/index.js';
import { manualConnection } from '../../src/testing.js';

/** What types forbid, and JavaScript takes for something else. */
const STRANGE: Record<string, unknown> = {
  'a string': '5',
  'a bigint': 5n,
  null: null,
  NaN,
  'a list': [5],
  'an object': {},
  'a function': () => 5,
  'a view': new DataView(new ArrayBuffer(2)),
  'other numbers': new Uint16Array(1),
  'a negative number': -1,
  'a fraction': 1.5,
  true: true,
  'a symbol': Symbol('5'),
};

describe('An argument of a wrong kind is told at the call', () => {
  const { reader, writer } = manualConnection();
  const messages = (): Framed<string> => framed(manualConnection(), lines());
  const handler = () => NEVER;
  type Call = (value: never) => unknown;

  function refuses(name: string, call: Call, allowed: string[] = []): void {
    it(name, () => {
      for (const [kind, value] of Object.entries(STRANGE)) {
        if (allowed.includes(kind)) continue;
        let thrown: unknown;
        try {
          call(value as never);
        } catch (error) {
          thrown = error;
        }
        expect(thrown instanceof RangeError || thrown instanceof TypeError)
          .withContext(`${kind}: ${String(thrown)}`)
          .toBe(true);
      }
    });
  }

  const options = ['an object'];
  refuses('the project of consume', (value) => reader.consume(lines(), value), ['a function']);
  refuses('the options of consume', (value) => reader.consume(lines(), () => undefined, value), options);
  const consume = (given: ConsumeOptions) => reader.consume(lines(), () => undefined, given);
  refuses('the concurrency of consume', (value) => consume({ concurrency: value }));
  // What is like an array can be a source.
  const sources = ['a string', 'a list', 'other numbers'];
  refuses('until of consume', (value) => consume({ until: value }), sources);
  refuses('the writer of pipeTo', (value) => reader.pipeTo(value));
  refuses('the options of pipeTo', (value) => reader.pipeTo(writer, value), options);
  refuses('end', (value) => reader.pipeTo(writer, { end: value }), ['true']);
  refuses('rate', (value) => reader.pipeTo(writer, { rate: value }));
  refuses('readRate', (value) => manualConnection({ readRate: value }), ['a function']);
  refuses('the options of a rate', (value) => new RateLimit(value));
  refuses('what is sent', (value) => writer.send(value), ['a string']);
  refuses('lines to write', (value) => writer.writeLines(value));
  refuses('the options of a connection', (value) => manualConnection(value), options);
  for (const name of [
    'limit',
    'highWaterMark',
    'lowWaterMark',
    'closeTimeout',
    'idleTimeout',
    'scheduler',
    'wrap',
  ])
    refuses(name, (value) => manualConnection({ [name]: value }), ['a fraction']);
  refuses('the options of serve', (value) => serve(handler, value), options);
  for (const name of ['concurrency', 'maxPending', 'maxPerAddress', 'scheduler', 'onLoss'])
    refuses(`${name} of serve`, (value) => serve(handler, { [name]: value }));
  refuses('onError', (value) => serve(handler, { onError: value }), ['a function']);
  refuses('addressOf', (value) => serve(handler, { addressOf: value }), ['a function']);
  refuses('stop', (value) => serve(handler, { stop: value }), sources);
  refuses('the options of useConnection', (value) => useConnection(handler, value), options);
  refuses('the options of writeTo', (value) => writeTo(writer, value), options);
  refuses('overflow', (value) => writeTo(writer, { overflow: value }));
  refuses('the writer of writeTo and sendAll', (value) => [writeTo(value), sendAll(value, [])]);
  refuses('the options of readUntil', (value) => readUntil('\n', value), options);
  refuses('the options of readLine', (value) => readLine(value), options);
  refuses('the connection of framed', (value) => framed(value, lines()));
  refuses('the options of framed', (value) => framed(manualConnection(), lines(), value), options);
  for (const name of ['timeout', 'maxInFlight', 'scheduler', 'isReply']) {
    const allowed = name === 'timeout' ? ['a fraction'] : name === 'isReply' ? ['a function'] : [];
    refuses(`${name} of a request`, (value) => messages().request('a', { [name]: value }), allowed);
  }
  for (const at of [0, 1, 2]) {
    const call: Call = (value) => {
      const given = [() => 'open', () => 'close', () => true];
      given[at] = value;
      return messages().multiplex(...(given as [() => string, () => string, () => boolean]));
    };
    refuses(`function ${at + 1} of multiplex`, call, ['a function']);
  }

  it('names the argument and shows what was given', () => {
    expect(() => reader.consume(lines(), () => undefined, '2' as never)).toThrowError(
      RangeError,
      'concurrency must be a positive integer, or Infinity, not 2 (string)',
    );
    expect(() => serve(handler, { maxPending: -1 })).toThrowError(
      /^maxPending must be a non-negative integer/,
    );
    expect(() => reader.consume(lines(), 5 as never)).toThrowError(TypeError, /^project must be a function/);
    expect(() => reader.pipeTo(writer, { end: 5 as never })).toThrowError(TypeError, /^end must be/);
    expect(() => reader.pipeTo(undefined as never)).toThrowError(
      TypeError,
      'writer must be a StreamWriter, not undefined',
    );
  });
});
