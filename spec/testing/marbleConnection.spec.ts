import { concat, concatMap, map, NEVER } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { TestScheduler } from 'rxjs/testing';
import { marbleConnection } from '../../src/testing.js';
import { text } from '../streams/record.js';

describe('marbleConnection', () => {
  it(
    'plays chunks, the end, and shows what was written and how it ended',
    marbles((m) => {
      const connection = marbleConnection(m, {
        incoming: '                       --a-b-c--|',
        values: { a: 'na', b: 'me?', c: '\n' },
      });
      const { reader, writer, outgoing$, events$ } = connection;
      const client$ = concat(reader.readLine().pipe(concatMap(() => writer.send('me\n'))), NEVER);
      m.expect(client$).toBeObservable('  -------------');
      m.expect(outgoing$).toBeObservable('------w', { w: 'me\n' });
      m.expect(events$).toBeObservable('  -');
    }),
  );

  it(
    'letters without a value are themselves, | the end, # a reset',
    marbles((m) => {
      const ends = marbleConnection(m, { incoming: '-a-(bc)-|' });
      m.expect(ends.reader.chunks().pipe(map(text))).toBeObservable('-a-(bc)-|');
      const breaks = marbleConnection(m, { incoming: '-a-#' });
      const chunks$ = breaks.reader.chunks().pipe(map(text));
      let cause: unknown;
      chunks$.subscribe({ error: (error: Error) => (cause = error.cause) });
      m.flush();
      expect(cause).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
    }),
  );

  it(
    'hands written bytes on when the drain marbles say so, all or as many as told',
    marbles((m) => {
      const { writer } = marbleConnection(m, {
        drain: '                                 ---a---b---c',
        drainValues: { a: 1, b: 6 },
        highWaterMark: 9,
        lowWaterMark: 4,
      });
      writer.write('0123456789');
      m.expect(writer.paused$).toBeObservable('  t------f----', { t: true, f: false });
      m.expect(writer.drain$).toBeObservable('   -------d----', { d: undefined });
      m.expect(writer.send('x')).toBeObservable('-------|     ');
    }),
  );

  it(
    'pauses the incoming side: nothing comes through until the reader wants more',
    marbles((m) => {
      const { reader, events$ } = marbleConnection(m, {
        incoming: 'a-b-c-d-|',
        limit: 1,
        values: { a: 'aaa' },
      });
      const read$ = m.cold('------(r|)').pipe(
        concatMap(() => reader.readExactly(5)),
        map(text),
      );
      m.expect(read$).toBeObservable('------(x|)', { x: 'aaabc' });
      m.expect(events$).toBeObservable('p-----r', { p: 'pause', r: 'resume' });
    }),
  );

  it('works with the helpers of TestScheduler.run, and its diffs show text', () => {
    let difference: unknown;
    const scheduler = new TestScheduler((actual, expected) => {
      difference = { actual: actual as unknown, expected: expected as unknown };
    });
    scheduler.run((helpers) => {
      const { writer, outgoing$ } = marbleConnection(helpers);
      writer.write(Uint8Array.of(0x50, 0x4f, 0x4e, 0x47));
      writer.write(Uint8Array.of(0, 1));
      writer.close();
      helpers.expectObservable(outgoing$).toBe('(ab|)', { a: 'PONG', b: '<00 01>' });
    });
    const notification = (value: string): unknown =>
      jasmine.objectContaining({ notification: jasmine.objectContaining({ value }) });
    expect(difference).toEqual({
      actual: [notification('PONG'), notification('<00 01>'), jasmine.anything()],
      expected: [notification('PONG'), notification('<00 01>'), jasmine.anything()],
    });
  });

  it(
    'shows close and abort',
    marbles((m) => {
      const closing = marbleConnection(m);
      const aborting = marbleConnection(m);
      m.cold('--x').subscribe(() => {
        closing.writer.close();
        aborting.writer.abort('enough');
      });
      m.expect(closing.outgoing$).toBeObservable(' --|');
      m.expect(closing.events$).toBeObservable('   --c', { c: 'close' });
      m.expect(aborting.outgoing$).toBeObservable('--#', {}, 'enough');
      m.expect(aborting.events$).toBeObservable('  --a', { a: 'abort' });
    }),
  );
});
