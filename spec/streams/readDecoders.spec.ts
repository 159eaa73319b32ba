import { Observable, take } from 'rxjs';
import { ByteQueue } from '../../src/bytes/ByteQueue.js';
import type { TextEncoding } from '../../src/index.js';
import { LinesDecoder } from '../../src/streams/readDecoders.js';
import { bytes } from './record.js';

describe('LinesDecoder, many lines in one go', () => {
  /** What it emits of this data, how much it leaves, and whether it was stopped. */
  function batch(
    data: string | Uint8Array,
    {
      encoding = 'utf-8',
      limit = 100,
      most = Infinity,
      decoder = new LinesDecoder(encoding, limit),
    }: Options = {},
  ): { lines: string[]; left: number; stopped: boolean } {
    const queue = new ByteQueue();
    queue.push(typeof data === 'string' ? bytes(data) : data);
    const lines: string[] = [];
    let stopped = false;
    new Observable<string>((subscriber) => {
      stopped = decoder.decodeBatch(queue, subscriber);
    })
      .pipe(take(most))
      .subscribe((line) => lines.push(line));
    return { lines, left: queue.length, stopped };
  }

  interface Options {
    encoding?: TextEncoding;
    limit?: number;
    most?: number;
    decoder?: LinesDecoder;
  }

  it('gives all whole lines of a chunk, and leaves the rest', () => {
    expect(batch('a\nb\r\n\n\r\nc\rd\ne')).toEqual({
      lines: ['a', 'b', '', '', 'c\rd'],
      left: 1,
      stopped: false,
    });
    expect(batch('\na\n')).toEqual({ lines: ['', 'a'], left: 0, stopped: false });
    expect(batch('none')).toEqual({ lines: [], left: 4, stopped: false });
  });

  it('keeps bytes and text in step in each encoding', () => {
    const umlauts = 'a\né\nüü\nb\n';
    expect(batch(umlauts).lines).toEqual(['a', 'é', 'üü', 'b']);
    expect(batch(Uint8Array.of(0xe9, 10, 0x61, 10), { encoding: 'latin1' }).lines).toEqual(['é', 'a']);
    expect(batch('a\nb\n', { encoding: 'ascii' }).lines).toEqual(['a', 'b']);
  });

  it('stops before the line that is not ASCII, which is for a read of its own', () => {
    expect(batch('a\nb\nxé\nc\n', { encoding: 'ascii' })).toEqual({
      lines: ['a', 'b'],
      left: 6,
      stopped: false,
    });
  });

  it('stops where nobody wants more, having taken no more than it gave', () => {
    expect(batch('a\nb\nc\n', { most: 2 })).toEqual({ lines: ['a', 'b'], left: 2, stopped: true });
  });

  it('leaves a line beyond the limit, and what is after it', () => {
    expect(batch('ab\nabc\nabcd\na\n', { limit: 3 })).toEqual({
      lines: ['ab', 'abc'],
      left: 7,
      stopped: false,
    });
    expect(batch('é\néé\na\n', { limit: 3 })).toEqual({ lines: ['é'], left: 7, stopped: false });
  });

  it('leaves it out where that is wanted', () => {
    class Discarding extends LinesDecoder {
      protected override readonly discardsOverlong = true;
    }
    expect(batch('ab\nabcdef\ncd\n', { decoder: new Discarding('utf-8', 3) })).toEqual({
      lines: ['ab', 'cd'],
      left: 0,
      stopped: false,
    });
  });

  it('goes on wherever a line begins, and however often it is asked', () => {
    const decoder = new LinesDecoder('utf-8', 100);
    for (let i = 0; i < 60; i++) expect(batch('a\nb\n', { decoder }).lines).toEqual(['a', 'b']);
    const queue = new ByteQueue();
    queue.push(bytes('xa\nb\n'));
    queue.takeExactly(1);
    const lines: string[] = [];
    new Observable<string>((subscriber) => {
      new LinesDecoder('utf-8', 100).decodeBatch(queue, subscriber);
    }).subscribe((line) => lines.push(line));
    expect(lines).toEqual(['a', 'b']);
  });
});
