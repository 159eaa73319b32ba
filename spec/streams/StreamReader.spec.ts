import {
  concat,
  concatMap,
  EMPTY,
  finalize,
  map,
  mergeMap,
  repeat,
  take,
  takeWhile,
  tap,
  timeout,
  type Observable,
} from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import {
  IncompleteReadError,
  type LimitOverrunError,
  type Decoder,
  type Separator,
  type StreamReader,
  type TextEncoding,
} from '../../src/index.js';
import { manualConnection, marbleConnection } from '../../src/testing.js';
import { checkCases } from '../diagrams/checkCases.js';
import { readerCases } from '../diagrams/reader.js';
import { lengthPrefixed } from './lengthPrefixed.js';
import { bytes, record, text } from './record.js';

const asText = map(text);

describe('StreamReader', () => {
  describe('in virtual time', () => {
    checkCases(readerCases);

    it(
      'a read that timed out leaves every byte to the next',
      marbles((m) => {
        const connection = marbleConnection(m, {
          incoming: '--a----b--|',
          values: { a: 'abcd', b: 'e\nfg' },
        });
        const read$ = concat(
          connection.reader.readExactly(6).pipe(timeout({ first: 5, with: () => EMPTY })),
          connection.reader.readUntil('\n'),
        ).pipe(asText);
        m.expect(read$).toBeObservable('-------(L|)', { L: 'abcde\n' });
      }),
    );

    it(
      'reads overlap in the order of their subscription',
      marbles((m) => {
        const connection = marbleConnection(m, { incoming: '--a--b--|', values: { a: 'abcd', b: 'e\nfg' } });
        m.expect(connection.reader.readExactly(5).pipe(asText)).toBeObservable('-----(x|)', { x: 'abcde' });
        m.expect(connection.reader.readLine().pipe(asText)).toBeObservable('-----(x|)', { x: '\n' });
        m.expect(connection.reader.read().pipe(asText)).toBeObservable('--------(x|)', { x: 'fg' });
      }),
    );
  });

  describe('is cold', () => {
    it('a read takes nothing before it is subscribed to', () => {
      const { reader, transport } = manualConnection();
      const read$ = reader.read(2).pipe(asText);
      transport.receive('abcd');
      expect(reader.bufferedBytes).toBe(4);
      expect(record(read$).log).toEqual(['ab', '|']);
      expect(record(read$).log).toEqual(['cd', '|']);
    });

    it('a decoder is made for each subscription', () => {
      const { reader, transport } = manualConnection();
      const factory = jasmine.createSpy('factory', lengthPrefixed).and.callThrough();
      const read$ = reader.readFrame(factory);
      expect(factory).not.toHaveBeenCalled();
      transport.receive('\x02ab\x01c');
      expect([...record(read$).log, ...record(read$).log]).toEqual(['ab', '|', 'c', '|']);
      expect(factory).toHaveBeenCalledTimes(2);
    });

    it('a factory that is none is refused at the call', () => {
      const { reader } = manualConnection();
      for (const call of [
        () => reader.readFrame(5 as never),
        () => reader.frames(undefined as never),
        () => reader.consume({} as never, () => undefined),
      ])
        expect(call).toThrowError(TypeError);
      expect(() => reader.lines(5 as never)).toThrowError(TypeError, /options must be an object/);
    });

    it('a factory that throws errors the read', () => {
      const { reader } = manualConnection();
      const read$ = reader.frames<never>(() => {
        throw new Error('no decoder today');
      });
      expect(record(read$).log).toEqual(['# no decoder today']);
    });
  });

  describe('is synchronous', () => {
    it('from the arrival of bytes to the subscriber, and from subscription to bytes that are there', () => {
      const { reader, transport } = manualConnection();
      const line = record(reader.readLine());
      transport.receive('one\ntwo\n');
      expect(line.log).toEqual(['one\n', '|']);
      expect(record(reader.readLine()).log).toEqual(['two\n', '|']);
    });

    it('also where one read is subscribed inside the value of another', () => {
      const { reader, transport } = manualConnection();
      const body = record(
        reader.readLine().pipe(
          concatMap((line) => reader.readExactly(Number(text(line)))),
          repeat(2),
        ),
      );
      transport.receive('3\nabc2\nde');
      expect(body.log).toEqual(['abc', 'de', '|']);
    });
  });

  describe('as text', () => {
    // 1, 2, 3 and 4 bytes in UTF-8.
    const letters = 'aé€😀';
    const cut = (data: string, size: number): Uint8Array[] => {
      const whole = bytes(data);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < whole.length; at += size) chunks.push(whole.subarray(at, at + size));
      return chunks;
    };

    for (const size of [1, 2, 3, 5, 7, 100]) {
      it(`is that of all bytes of the read, cut into chunks of ${size}`, () => {
        const { reader, transport } = manualConnection();
        const read$ = concat(
          reader.readExactly(10, 'utf-8'),
          reader.readUntil('€', 'utf-8'),
          reader.readUntil(undefined, 'utf-8'),
          reader.readLine('utf-8'),
          reader.readLine('utf-8'),
          reader.read('utf-8'),
        );
        const { log } = record(read$.pipe(map((value) => JSON.stringify(value))));
        transport.receive(
          ...cut(`${letters}${letters}${letters}\n\n${letters}\r\n${letters}\n${letters}`, size),
        );
        transport.receiveEof();
        const all = [letters, 'aé€', `😀${letters}\n`, '\n', `${letters}\r\n`, `${letters}\n${letters}`];
        expect(log).toEqual([...all.map((value) => JSON.stringify(value)), '|']);
      });
    }

    it('has a type of its own', () => {
      const { reader } = manualConnection();
      const texts: Observable<string>[] = [
        reader.read('utf-8'),
        reader.readExactly(1, 'latin1'),
        reader.readUntil('\n', 'ascii'),
        reader.readUntil(undefined, 'ascii'),
        reader.readLine('utf-8'),
      ];
      const pieces: Observable<Uint8Array>[] = [
        reader.read(),
        reader.read(1),
        reader.readExactly(1),
        reader.readUntil(),
        reader.readUntil(['\n', 'x']),
        reader.readLine(),
      ];
      // @ts-expect-error: a part of the bytes might end inside a character.
      const part = (): unknown => reader.read(3, 'utf-8');
      expect(texts.length + pieces.length).toBe(11);
      expect(part).not.toThrow();
    });

    it('keeps a byte order mark, and puts U+FFFD in place of what is not UTF-8', () => {
      const { reader, transport } = manualConnection();
      transport.receive('\uFEFFa', Uint8Array.of(0xe2, 0x82), 'b\n');
      expect(record(reader.readLine('utf-8')).log).toEqual(['\uFEFFa\uFFFDb\n', '|']);
    });

    it('maps bytes to code points as latin1', () => {
      const { reader, transport } = manualConnection();
      transport.receive(Uint8Array.of(0xe9, 0xff), Uint8Array.of(0x80, 10));
      expect(record(reader.readLine('latin1')).log).toEqual(['éÿ\x80\n', '|']);
    });

    it('that is not ASCII stays for the next read', () => {
      const reads: [string, (reader: StreamReader) => Observable<string>][] = [
        ['readExactly', (reader) => reader.readExactly(3, 'ascii')],
        ['readUntil', (reader) => reader.readUntil('\n', 'ascii')],
        ['readLine', (reader) => reader.readLine('ascii')],
        ['read', (reader) => reader.read('ascii')],
      ];
      for (const [name, read] of reads) {
        const { reader, transport } = manualConnection();
        transport.receive('a', Uint8Array.of(0xe9), '\nok');
        transport.receiveEof();
        expect(record(read(reader)).log)
          .withContext(name)
          .toEqual(['# ERR_DECODE']);
        expect(record(reader.read('latin1')).log)
          .withContext(name)
          .toEqual(['aé\nok', '|']);
      }
    });

    it('ends as bytes do: the rest of a line, then none; incomplete reads have their bytes', () => {
      const { reader, transport } = manualConnection();
      transport.receive('é');
      transport.receiveEof();
      expect(record(reader.readLine('utf-8')).log).toEqual(['é', '|']);
      expect(record(reader.readLine('utf-8')).log).toEqual(['', '|']);
      for (const encoding of ['utf-8', 'latin1', 'ascii'] as const)
        expect(record(reader.read(encoding)).log).toEqual(['', '|']);
      expect(record(reader.readExactly(0, 'utf-8')).log).toEqual(['', '|']);
      expect(record(reader.readUntil('x', 'utf-8')).log).toEqual(['# ERR_INCOMPLETE_READ']);

      const other = manualConnection();
      let error: unknown;
      other.reader.readExactly(5, 'utf-8').subscribe({ error: (reason: unknown) => (error = reason) });
      other.transport.receive('é');
      other.transport.receiveEof();
      expect(error).toBeInstanceOf(IncompleteReadError);
      expect((error as IncompleteReadError).partial).toEqual(bytes('é'));
      expect((error as IncompleteReadError).expected).toBe(5);
    });

    it('has the limit of bytes', () => {
      const { reader, transport } = manualConnection({ limit: 3 });
      transport.receive('éé\né\n');
      expect(record(reader.readUntil('\n', 'utf-8')).log).toEqual(['# ERR_LIMIT_OVERRUN']);
      expect(record(reader.readLine('utf-8')).log).toEqual(['# ERR_LIMIT_OVERRUN']);
      expect(record(reader.readLine('utf-8')).log).toEqual(['é\n', '|']);
    });

    it('leaves every byte to the next read when it is unsubscribed', () => {
      const { reader, transport } = manualConnection();
      const reads = [reader.readLine('utf-8'), reader.readExactly(9, 'utf-8'), reader.read('utf-8')];
      const waiting = reads.map((read$) => read$.subscribe());
      transport.receive('é', '€');
      for (const read of waiting) read.unsubscribe();
      expect(record(reader.readExactly(5, 'utf-8')).log).toEqual(['é€', '|']);
    });

    it('refuses other encodings at the call', () => {
      const { reader } = manualConnection();
      for (const encoding of ['utf8', 'UTF-8', '', null, 5] as unknown as TextEncoding[]) {
        const calls = [
          () => reader.readExactly(1, encoding),
          () => reader.readUntil('\n', encoding),
          () => reader.readLine(encoding),
        ];
        if (typeof encoding !== 'number') calls.push(() => reader.read(encoding));
        for (const call of calls) expect(call).withContext(encoding).toThrowError(RangeError);
      }
    });
  });

  describe('read', () => {
    it('takes up to n bytes across chunks, and none for 0', () => {
      const { reader, transport } = manualConnection();
      transport.receive('line1', 'line2');
      expect(record(reader.read(0)).log).toEqual(['', '|']);
      expect(record(reader.read(7)).log).toEqual(['line1li', '|']);
      expect(record(reader.read(100)).log).toEqual(['ne2', '|']);
    });

    it('gives no bytes at the end of the stream, again and again', () => {
      const { reader, transport } = manualConnection();
      transport.receiveEof();
      expect(record(reader.read(10)).log).toEqual(['', '|']);
      expect(record(reader.read()).log).toEqual(['', '|']);
      expect(record(reader.read(-1)).log).toEqual(['', '|']);
    });

    it('without n keeps all bytes for the next read when it is unsubscribed', () => {
      const { reader, transport } = manualConnection();
      const all = reader.read().subscribe();
      transport.receive('abc', 'def');
      all.unsubscribe();
      expect(record(reader.readExactly(6)).log).toEqual(['abcdef', '|']);
    });

    it('goes on behind a line', () => {
      const { reader, transport } = manualConnection();
      transport.receive('line1\nline2\nline3\n');
      expect(record(reader.readLine()).log).toEqual(['line1\n', '|']);
      expect(record(reader.read(7)).log).toEqual(['line2\nl', '|']);
      expect(reader.bufferedBytes).toBe(5);
    });

    it('without n takes more than twice the limit, which must not stop the peer for good', () => {
      const { reader, transport } = manualConnection({ limit: 1 });
      transport.receive('data');
      const all = record(reader.read());
      transport.receive('more');
      transport.receiveEof();
      expect(transport.calls).toEqual(['pause', 'resume']);
      expect(all.log).toEqual(['datamore', '|']);
    });

    it('is not bound by the limit', () => {
      const { reader, transport } = manualConnection({ limit: 3 });
      transport.receive('chunk');
      expect(record(reader.read(5)).log).toEqual(['chunk', '|']);
    });

    it('refuses a count that makes no sense, at the call', () => {
      const { reader } = manualConnection();
      for (const n of [-2, 1.5, NaN, Infinity, 'x' as never]) {
        expect(() => reader.read(n)).toThrowError(RangeError, new RegExp(`not ${n}`));
      }
    });
  });

  describe('readExactly', () => {
    it('gives no bytes for 0', () => {
      const { reader, transport } = manualConnection();
      transport.receive('abc');
      expect(record(reader.readExactly(0)).log).toEqual(['', '|']);
      expect(reader.bufferedBytes).toBe(3);
    });

    it('is not bound by the limit', () => {
      const { reader, transport } = manualConnection({ limit: 3 });
      transport.receive('chunk');
      expect(record(reader.readExactly(5)).log).toEqual(['chunk', '|']);
    });

    it('hands over the bytes so far when the stream ends, with the numbers', () => {
      const { reader, transport } = manualConnection();
      let error: unknown;
      reader.readExactly(36).subscribe({ error: (e: unknown) => (error = e) });
      transport.receive('line1\nline2\nline3\n');
      transport.receiveEof();
      expect(error).toBeInstanceOf(IncompleteReadError);
      const incomplete = error as IncompleteReadError;
      expect(text(incomplete.partial)).toBe('line1\nline2\nline3\n');
      expect(incomplete.expected).toBe(36);
      expect(incomplete.message).toContain('18 bytes, expected 36');
      expect(reader.bufferedBytes).toBe(0);
    });

    it('errors at a clean end as well, with no bytes', () => {
      const { reader, transport } = manualConnection();
      transport.receiveEof();
      let error: unknown;
      reader.readExactly(2).subscribe({ error: (e: unknown) => (error = e) });
      expect((error as IncompleteReadError).partial.length).toBe(0);
      expect((error as IncompleteReadError).expected).toBe(2);
    });

    it('refuses a count that makes no sense, at the call, and takes nothing', () => {
      const { reader, transport } = manualConnection();
      transport.receive('abc');
      for (const n of [-1, 0.5, NaN])
        expect(() => reader.readExactly(n)).toThrowError(RangeError, new RegExp(`not ${n}`));
      expect(reader.bufferedBytes).toBe(3);
    });
  });

  describe('readUntil', () => {
    const until = (
      chunks: string[],
      separator?: Separator,
      limit = 65536,
    ): { log: readonly string[]; left: number } => {
      const { reader, transport } = manualConnection({ limit });
      const { log } = record(reader.readUntil(separator));
      transport.receive(...chunks);
      return { log, left: reader.bufferedBytes };
    };

    it('finds a separator across chunks, whole or in part', () => {
      expect(until(['lineAAA'], 'AAA')).toEqual({ log: ['lineAAA', '|'], left: 0 });
      expect(until(['lineAAAxxx'], 'AAA')).toEqual({ log: ['lineAAA', '|'], left: 3 });
      expect(until(['QWEaa', 'XYaa', 'a'], 'aaa')).toEqual({ log: ['QWEaaXYaaa', '|'], left: 0 });
      expect(until(['QWEaa', 'XYa', 'aa'], 'aaa')).toEqual({ log: ['QWEaaXYaaa', '|'], left: 0 });
      expect(until(['XXX', 'a', 'a', 'a'], 'aaa')).toEqual({ log: ['XXXaaa', '|'], left: 0 });
      expect(until(['some data\r\n'], bytes('\r\n'))).toEqual({ log: ['some data\r\n', '|'], left: 0 });
      expect(until(['a\nb'])).toEqual({ log: ['a\n', '|'], left: 1 });
    });

    it('of several separators takes the one that ends first, of those the shortest', () => {
      expect(until(['line 1\nline 2\r'], ['\r', '\n'])).toEqual({ log: ['line 1\n', '|'], left: 7 });
      expect(until(['ABCDEFG'], ['DEF', 'BCDE'])).toEqual({ log: ['ABCDE', '|'], left: 2 });
      expect(until(['data', 'Z', 'Aaaa'], ['A', 'long sep'])).toEqual({ log: ['dataZA', '|'], left: 3 });
    });

    it('gives up behind the limit, and leaves the bytes for another read', () => {
      expect(until(['some dataAA'], 'AAA', 3)).toEqual({ log: ['# ERR_LIMIT_OVERRUN'], left: 11 });
      expect(until(['some dataAAA'], 'AAA', 3)).toEqual({ log: ['# ERR_LIMIT_OVERRUN'], left: 12 });
      expect(until(['some dataA'], ['A', 'ome dataA'], 3)).toEqual({
        log: ['# ERR_LIMIT_OVERRUN'],
        left: 10,
      });
      expect(until(['abcAAA'], 'AAA', 3)).toEqual({ log: ['abcAAA', '|'], left: 0 });
      expect(until(['abcAA'], 'AAA', 3)).toEqual({ log: [], left: 5 });
    });

    it('says how many bytes can be skipped after an overrun, and of what kind it was', () => {
      const overrun = (chunk: string): LimitOverrunError => {
        const { reader, transport } = manualConnection({ limit: 3 });
        transport.receive(chunk);
        let error: unknown;
        reader.readUntil('AAA').subscribe({ error: (e: unknown) => (error = e) });
        return error as LimitOverrunError;
      };
      expect(overrun('some dataAA').consumed).toBe(9);
      expect(overrun('some dataAA').message).toMatch(/not found.*11 bytes.*limit of 3/);
      expect(overrun('some dataAAA').consumed).toBe(9);
      expect(overrun('some dataAAA').message).toMatch(/is found.*9 bytes.*limit of 3/);
    });

    it('hands over the bytes so far when the stream ends, part of a separator included', () => {
      const { reader, transport } = manualConnection();
      let error: unknown;
      reader.readUntil('AAA').subscribe({ error: (e: unknown) => (error = e) });
      transport.receive('some dataAA');
      transport.receiveEof();
      expect(text((error as IncompleteReadError).partial)).toBe('some dataAA');
      expect((error as IncompleteReadError).expected).toBeNull();
      expect(reader.bufferedBytes).toBe(0);
    });

    it('finds what came together with the end, and overruns before it tells of the end', () => {
      const { reader, transport } = manualConnection({ limit: 3 });
      transport.receive('ab\n12345');
      transport.receiveEof();
      expect(record(reader.readUntil()).log).toEqual(['ab\n', '|']);
      expect(record(reader.readUntil()).log).toEqual(['# ERR_LIMIT_OVERRUN']);
      expect(record(reader.read()).log).toEqual(['12345', '|']);
    });

    it('refuses an empty separator at the call', () => {
      const { reader } = manualConnection();
      for (const separator of ['', [], [''], new Uint8Array(0)]) {
        expect(() => reader.readUntil(separator)).toThrowError(RangeError, /Separator should/);
      }
      expect(() => reader.readUntil(7 as never)).toThrowError(TypeError, /not 7/);
    });
  });

  describe('readLine', () => {
    it('gives lines with their newline, at the end the rest, then nothing', () => {
      const { reader, transport } = manualConnection();
      transport.receive('chunk1 ', 'chunk2 ', '\n chunk4');
      expect(record(reader.readLine()).log).toEqual(['chunk1 chunk2 \n', '|']);
      transport.receiveEof();
      expect(record(reader.readLine()).log).toEqual([' chunk4', '|']);
      expect(record(reader.readLine()).log).toEqual(['', '|']);
    });

    it('drops a line that is too long: up to its newline, or as far as it has come', () => {
      const lines = (limit: number, ...chunks: string[]): { log: readonly string[]; left: number } => {
        const { reader, transport } = manualConnection({ limit });
        transport.receive(...chunks);
        const { log } = record(reader.readLine());
        return { log, left: reader.bufferedBytes };
      };
      expect(lines(3, 'li', 'ne1\nline2\n')).toEqual({ log: ['# ERR_LIMIT_OVERRUN'], left: 6 });
      expect(lines(3, 'li', 'ne1', 'li')).toEqual({ log: ['# ERR_LIMIT_OVERRUN'], left: 0 });
      expect(lines(7, '1234567\n')).toEqual({ log: ['1234567\n', '|'], left: 0 });
      expect(lines(7, '12345678\n')).toEqual({ log: ['# ERR_LIMIT_OVERRUN'], left: 0 });
      expect(lines(7, '12345678')).toEqual({ log: ['# ERR_LIMIT_OVERRUN'], left: 0 });
    });

    it('drops it as well when it arrives while the read waits, and the next line is whole', () => {
      const { reader, transport } = manualConnection({ limit: 7 });
      const line = record(reader.readLine());
      transport.receive('chunk1', 'chunk2\nchunk3\n');
      expect(line.log).toEqual(['# ERR_LIMIT_OVERRUN']);
      expect(record(reader.readLine()).log).toEqual(['chunk3\n', '|']);
    });
  });

  describe('readFrame and frames', () => {
    it('read frames as they complete', () => {
      const { reader, transport } = manualConnection();
      const frames = record(reader.frames(lengthPrefixed));
      transport.receive('\x02a', 'b\x01c\x03de');
      expect(frames.log).toEqual(['ab', 'c']);
      transport.receive('f');
      transport.receiveEof();
      expect(frames.log).toEqual(['ab', 'c', 'def', '|']);
    });

    it('readFrame completes without a value at a clean end', () => {
      const { reader, transport } = manualConnection();
      const frame = record(reader.readFrame(lengthPrefixed));
      transport.receiveEof();
      expect(frame.log).toEqual(['|']);
    });

    it('the end inside a frame is an error with all bytes of the frame, also those the decoder took', () => {
      const { reader, transport } = manualConnection();
      let error: unknown;
      reader.frames(lengthPrefixed).subscribe({ error: (e: unknown) => (error = e) });
      transport.receive('\x01a\x05bcd');
      transport.receiveEof();
      expect(text((error as IncompleteReadError).partial)).toBe('\x05bcd');
      expect(reader.atEof()).toBeTrue();
    });

    it('what a decoder took of an unfinished frame goes back when the read is unsubscribed', () => {
      const { reader, transport } = manualConnection();
      const first = reader.readFrame(lengthPrefixed).subscribe();
      transport.receive('\x05ab');
      expect(reader.bufferedBytes).toBe(3);
      first.unsubscribe();
      const second = record(reader.readFrame(lengthPrefixed));
      transport.receive('cde');
      expect(second.log).toEqual(['abcde', '|']);
    });

    it('a decoder that throws leaves the bytes of the bad frame, and only those before it are gone', () => {
      const { reader, transport } = manualConnection();
      const picky = (): Decoder<number> => ({
        decode(queue) {
          const value = queue.takeUint8();
          if (value === 0x58) throw new Error('X is not allowed');
          return value;
        },
      });
      const frames = record(reader.frames(picky));
      transport.receive('abXc');
      expect(frames.log).toEqual(['97', '98', '# X is not allowed']);
      expect(record(reader.read(9)).log).toEqual(['Xc', '|']);
    });

    it('decoders are switched in mid-stream without losing a byte', () => {
      const { reader, transport } = manualConnection();
      const log = record(
        concat(
          reader.readLine().pipe(asText),
          reader.frames(lengthPrefixed).pipe(take(2)),
          reader.readExactly(2).pipe(asText),
          reader.lines(),
        ),
      );
      transport.receive('head\n\x02ab\x01cXYone\ntwo\n');
      transport.receiveEof();
      expect(log.log).toEqual(['head\n', 'ab', 'c', 'XY', 'one', 'two', '|']);
    });
  });

  describe('lines', () => {
    const linesOf = (
      chunks: string[],
      options?: Parameters<ReturnType<typeof manualConnection>['reader']['lines']>[0],
    ): readonly string[] => {
      const { reader, transport } = manualConnection();
      const { log } = record(reader.lines(options));
      transport.receive(...chunks);
      transport.receiveEof();
      return log;
    };

    it('removes \\n and \\r\\n, and keeps a \\r elsewhere', () => {
      expect(linesOf(['a\nb\r\nc\rd\r\r\n\n\r\ne\r'])).toEqual(['a', 'b', 'c\rd\r', '', '', 'e\r', '|']);
      expect(linesOf(['a\r', '\nb'])).toEqual(['a', 'b', '|']);
    });

    it('decodes UTF-8 across chunk borders', () => {
      const { reader, transport } = manualConnection();
      const { log } = record(reader.lines());
      const data = bytes('h\u00e9llo\nw\u00f6rld\n\ud83d\ude00\nrest \u20ac');
      for (const byte of data) transport.receive(Uint8Array.of(byte));
      transport.receive(data.slice());
      transport.receiveEof();
      expect(log).toEqual([
        'h\u00e9llo',
        'w\u00f6rld',
        '\ud83d\ude00',
        'rest \u20ach\u00e9llo',
        'w\u00f6rld',
        '\ud83d\ude00',
        'rest \u20ac',
        '|',
      ]);
    });

    it('keeps bytes and text in step where the text is not UTF-8', () => {
      const { reader, transport } = manualConnection();
      const first = record(reader.lines().pipe(take(2)));
      transport.receive(Uint8Array.of(0xff, 0x0a, 0xe2, 0x82, 0x0a, 0x61, 0x62));
      expect(first.log).toEqual(['\ufffd', '\ufffd', '|']);
      expect(record(reader.readExactly(2)).log).toEqual(['ab', '|']);
    });

    it('knows latin1 and ascii', () => {
      const { reader, transport } = manualConnection();
      const latin1 = record(reader.lines({ encoding: 'latin1' }).pipe(take(1)));
      transport.receive(Uint8Array.of(0xe9, 0x0a));
      expect(latin1.log).toEqual(['\u00e9', '|']);
      const ascii = record(reader.lines({ encoding: 'ascii' }));
      transport.receive(Uint8Array.of(0x61, 0x0a, 0xe9, 0x0a));
      expect(ascii.log).toEqual(['a', '# ERR_DECODE']);
      expect(reader.bufferedBytes).toBe(2);
    });

    it('errors at a line beyond the limit, whose bytes stay', () => {
      expect(linesOf(['ab\nabc\nabcd\n'], { limit: 3 })).toEqual(['ab', 'abc', '# ERR_LIMIT_OVERRUN']);
      expect(linesOf(['ab\nab', 'c', 'd'], { limit: 3 })).toEqual(['ab', '# ERR_LIMIT_OVERRUN']);
      const { reader, transport } = manualConnection({ limit: 3 });
      const { log } = record(reader.lines());
      transport.receive('ab\nabcdef\n');
      expect(log).toEqual(['ab', '# ERR_LIMIT_OVERRUN']);
      expect(record(reader.read(99)).log).toEqual(['abcdef\n', '|']);
    });

    it('refuses an unknown encoding and a senseless limit at the call', () => {
      const { reader } = manualConnection();
      expect(() => reader.lines({ encoding: 'utf-16' as never })).toThrowError(RangeError, /utf-16/);
      expect(() => reader.lines({ limit: 0 })).toThrowError(RangeError, /not 0/);
    });
  });

  describe('a continuous read holds the reader', () => {
    for (const name of ['chunks', 'lines'] as const) {
      it(`${name}() makes another read fail, and goes on itself`, () => {
        const { reader, transport } = manualConnection();
        const holder = record<unknown>(reader[name]());
        expect(record(reader.read(1)).log).toEqual(['# ERR_READER_BUSY']);
        expect(record(reader.chunks()).log).toEqual(['# ERR_READER_BUSY']);
        transport.receive('a\n');
        expect(holder.log.length).toBe(1);
      });
    }

    it('waits for the one-shot reads that were before it, and refuses those behind it', () => {
      const { reader, transport } = manualConnection();
      const one = record(reader.readExactly(3));
      const lines = record(reader.lines());
      expect(record(reader.read(1)).log).toEqual(['# ERR_READER_BUSY']);
      transport.receive('abcd\n');
      expect(one.log).toEqual(['abc', '|']);
      expect(lines.log).toEqual(['d']);
    });

    it('until it is unsubscribed', () => {
      const { reader, transport } = manualConnection();
      const holder = reader.lines().subscribe();
      transport.receive('ab');
      holder.unsubscribe();
      expect(record(reader.read(9)).log).toEqual(['ab', '|']);
    });

    it('a read subscribed inside its value errors when it goes on', () => {
      const { reader, transport } = manualConnection();
      const log = record(reader.lines().pipe(mergeMap(() => reader.readExactly(1))));
      transport.receive('a\nb\n');
      expect(log.log).toEqual(['# ERR_READER_BUSY']);
    });
  });

  describe('survives what a subscriber does inside next', () => {
    it('lines() up to an empty one, then readExactly subscribed inside complete, loses nothing', () => {
      const { reader, transport } = manualConnection();
      const log: string[] = [];
      reader
        .lines()
        .pipe(takeWhile((line) => line !== ''))
        .subscribe({
          next: (line) => log.push(line),
          complete: () => reader.readExactly(4).subscribe((body) => log.push(text(body))),
        });
      transport.receive('a: 1\r\nb: 2\r\n\r\nbo');
      transport.receive('dy!');
      expect(log).toEqual(['a: 1', 'b: 2', 'body']);
      expect(reader.bufferedBytes).toBe(1);
    });

    it('take(1) with the next read subscribed inside its value loses nothing', () => {
      const { reader, transport } = manualConnection();
      const log: string[] = [];
      reader
        .lines()
        .pipe(take(1))
        .subscribe(() => reader.readExactly(2).subscribe((body) => log.push(text(body))));
      transport.receive('head\nbody');
      expect(log).toEqual(['bo']);
    });

    it('bytes fed inside next come after those that were there', () => {
      const { reader, transport } = manualConnection();
      const log: string[] = [];
      reader.lines().subscribe((line) => {
        if (line === 'a') transport.receive('z\n');
        log.push(line);
      });
      transport.receive('a\nb\n');
      expect(log).toEqual(['a', 'b', 'z']);
    });

    it('the end of the stream inside next comes after the last value', () => {
      const { reader, transport } = manualConnection();
      const log = record(reader.lines().pipe(tap((line) => line === 'a' && transport.receiveEof())));
      transport.receive('a\nb\nc');
      expect(log.log).toEqual(['a', 'b', 'c', '|']);
    });

    it('unsubscribing inside next stops at once', () => {
      const { reader, transport } = manualConnection();
      const log: string[] = [];
      const subscription = reader.lines().subscribe((line) => {
        log.push(line);
        subscription.unsubscribe();
      });
      transport.receive('a\nb\nc\n');
      expect(log).toEqual(['a']);
      expect(reader.bufferedBytes).toBe(4);
    });

    it('thousands of reads, each subscribed by the end of the one before, need no stack', () => {
      const { reader, transport } = manualConnection();
      let count = 0;
      reader
        .readLine()
        .pipe(repeat(50_000))
        .subscribe(() => count++);
      transport.receive('x\n'.repeat(50_000));
      expect(count).toBe(50_000);
    });

    it('unsubscribing a waiting read serves those behind it', () => {
      const { reader, transport } = manualConnection();
      const large = reader.readExactly(100).subscribe();
      const small = record(reader.readExactly(2));
      const middle = reader.readExactly(50).subscribe();
      const last = record(reader.readExactly(3));
      transport.receive('abcde');
      middle.unsubscribe();
      expect(small.log).toEqual([]);
      large.unsubscribe();
      expect(small.log).toEqual(['ab', '|']);
      expect(last.log).toEqual(['cde', '|']);
    });

    it('a read unsubscribed before its turn, from inside the value of the one in front, takes nothing', () => {
      const { reader, transport } = manualConnection();
      const log: string[] = [];
      reader.readExactly(1).subscribe(() => {
        const never = reader.readExactly(1).subscribe(() => log.push('taken'));
        never.unsubscribe();
      });
      transport.receive('ab');
      expect(log).toEqual([]);
      expect(record(reader.read(9)).log).toEqual(['b', '|']);
    });

    it('nothing is emitted after the end', () => {
      const { reader, transport } = manualConnection();
      const log = record(reader.chunks());
      transport.receive('a');
      transport.receiveEof();
      transport.receive('b');
      transport.lose(new Error('late'));
      expect(log.log).toEqual(['a', '|']);
    });

    it('is torn down once, whichever way it ends', () => {
      const { reader, transport } = manualConnection();
      let finalized = 0;
      const read$ = reader.read(1).pipe(finalize(() => finalized++));
      transport.receive('a');
      read$.subscribe();
      read$.subscribe().unsubscribe();
      expect(finalized).toBe(2);
    });
  });

  describe('flow control', () => {
    it('pauses above twice the limit, resumes at the limit', () => {
      const { reader, transport } = manualConnection({ limit: 4 });
      transport.receive('12345678');
      expect(transport.calls).toEqual([]);
      transport.receive('9');
      expect(transport.calls).toEqual(['pause']);
      reader.readExactly(4).subscribe();
      expect(transport.calls).toEqual(['pause']);
      reader.readExactly(1).subscribe();
      expect(transport.calls).toEqual(['pause', 'resume']);
    });

    it('a read that cannot be met resumes before it waits', () => {
      const { reader, transport } = manualConnection({ limit: 4 });
      transport.receive('123456789');
      const log = record(reader.readExactly(20));
      expect(transport.calls).toEqual(['pause', 'resume']);
      transport.receive('0123456789', 'abcdef');
      expect(log.log).toEqual(['1234567890123456789a', '|']);
      expect(transport.calls).toEqual(['pause', 'resume']);
    });

    it('does not pause for bytes that a waiting read takes at once', () => {
      const { reader, transport } = manualConnection({ limit: 4 });
      reader.chunks().subscribe();
      transport.receive('0123456789'.repeat(10));
      expect(transport.calls).toEqual([]);
    });

    it('does not resume after a loss', () => {
      const { reader, transport } = manualConnection({ limit: 1 });
      transport.receive('abcdef');
      transport.lose(new Error('reset'));
      reader.readExactly(6).subscribe();
      expect(transport.calls).toEqual(['pause']);
    });

    it('unsubscribing the read that needed more pauses again', () => {
      const { reader, transport } = manualConnection({ limit: 2 });
      const read = reader.readExactly(100).subscribe();
      transport.receive('0123456789');
      expect(transport.calls).toEqual([]);
      read.unsubscribe();
      expect(transport.calls).toEqual(['pause']);
    });

    it('refuses a limit that is no positive integer', () => {
      for (const limit of [0, -1, 1.5, NaN, Infinity]) {
        expect(() => manualConnection({ limit })).toThrowError(RangeError, new RegExp(`limit.*not ${limit}`));
      }
    });
  });

  describe('when the connection is lost', () => {
    it('delivers what was received first, then the error, again and again', () => {
      const { reader, transport } = manualConnection();
      const cause = new Error('read ECONNRESET');
      transport.receive('ab\ncd');
      transport.lose(cause);
      expect(record(reader.readLine()).log).toEqual(['ab\n', '|']);
      expect(record(reader.readLine()).log).toEqual(['# ERR_CONNECTION_LOST']);
      expect(record(reader.readExactly(2)).log).toEqual(['cd', '|']);
      let error: unknown;
      reader.read(1).subscribe({ error: (e: unknown) => (error = e) });
      expect(error).toEqual(jasmine.objectContaining({ code: 'ERR_CONNECTION_LOST', cause }));
      expect((error as Error).message).toContain('read ECONNRESET');
      expect(reader.atEof()).toBeFalse();
    });

    it('a loss behind the end of the stream leaves the end what it was', () => {
      const { reader, transport } = manualConnection();
      transport.receive('a');
      transport.receiveEof();
      transport.lose(new Error('write EPIPE'));
      expect(record(reader.chunks()).log).toEqual(['a', '|']);
      expect(reader.atEof()).toBeTrue();
    });

    it('a read that was unsubscribed hears nothing of it', () => {
      const { reader, transport } = manualConnection();
      const log: unknown[] = [];
      reader
        .readLine()
        .subscribe({ error: (error: unknown) => log.push(error) })
        .unsubscribe();
      transport.lose(new Error('lost'));
      expect(log).toEqual([]);
    });
  });

  it('atEof is true when the stream has ended and all is read', () => {
    const { reader, transport } = manualConnection();
    expect(reader.atEof()).toBeFalse();
    transport.receive('some data\n');
    transport.receiveEof();
    expect(reader.atEof()).toBeFalse();
    reader.readLine().subscribe();
    expect(reader.atEof()).toBeTrue();
  });

  it('is iterated by lines, one read for each', async () => {
    const { reader, transport } = manualConnection();
    transport.receive('one\ntwo\nth');
    const lines: string[] = [];
    for await (const line of reader) {
      lines.push(text(line));
      if (lines.length === 2) {
        expect(reader.bufferedBytes).toBe(2);
        transport.receive('ree');
        transport.receiveEof();
      }
    }
    expect(lines).toEqual(['one\n', 'two\n', 'three']);
  });

  it('leaves the rest to the next read when the iteration is broken off', async () => {
    const { reader, transport } = manualConnection();
    transport.receive('one\ntwo\n');
    for await (const line of reader) {
      expect(text(line)).toBe('one\n');
      break;
    }
    expect(record(reader.readLine()).log).toEqual(['two\n', '|']);
  });
});
