import type { Scene } from './playMarbles.js';

export interface Example extends Scene {
  readonly name: string;
  /** What to see in the picture. */
  readonly about: string;
  /** Whoever looks at the page is the peer, in real time. */
  readonly live?: boolean;
}

export const examples: readonly Example[] = [
  {
    name: 'Lines in odd chunks',
    about:
      'The network cuts a stream where it likes. Each line comes out whole, at the moment its last byte comes in; what is too early waits in the reader.',
    incoming: '-a--b--c---d-|',
    values: { a: 'hel', b: 'lo\\nwor', c: 'ld\\nhow ', d: 'are you?\\n' },
    handler: `({ reader }) => reader.lines()`,
  },
  {
    name: 'Frames by length',
    about:
      'Two bytes of length, then as many of text. The generator reads like the specification, and waits where bytes are missing.',
    incoming: '-a--b--c--d-|',
    values: { a: '\\0', b: '\\x05hel', c: 'lo\\0\\x04rx', d: 'js' },
    handler: `({ reader }) =>
  reader.frames(
    decoder(function* (bytes) {
      const length = yield* bytes.uint16();
      return yield* bytes.text(length);
    }),
  )`,
  },
  {
    name: 'Slow reader',
    about:
      'The work on each line takes 6 ms. The next one is not even decoded before it is done: bytes wait in the reader, and above 2 × limit the peer has to stop. The slanted lines are chunks that had to wait. Nothing is lost.',
    incoming: '-a-b-c-d-e-|',
    values: { a: 'one\\n', b: 'two\\n', c: 'three\\n', d: 'four\\n', e: 'five\\n' },
    limit: 5,
    handler: `({ reader }) =>
  reader.consume(lines(), (line) => of(line).pipe(delay(6)))`,
  },
  {
    name: 'Slow peer',
    about:
      'The peer takes what is written only now and then. Above the high water mark the writer is paused, and sendAll takes no further item before it goes on.',
    incoming: '',
    values: {},
    drain: '----a-----b---c--',
    highWaterMark: 12,
    handler: `({ writer }) =>
  sendAll(writer, ['alpha ', 'beta ', 'gamma ', 'delta ', 'epsilon ', 'zeta ', 'eta '])`,
  },
  {
    name: 'Conversation',
    about:
      'A protocol as it is spoken, line by line. It is cold, can be cancelled, and answers within the call that brought the bytes.',
    incoming: '---a--b----c-|',
    values: { a: 'EHLO ', b: 'me\\r\\n', c: 'QUIT\\r\\n' },
    handler: `converse(function* (io) {
  yield* io.send('220 ready\\r\\n');
  let line = yield* io.line();
  while (line !== 'QUIT') {
    io.emit(line);
    yield* io.send('250 hello ' + line.split(' ')[1] + '\\r\\n');
    line = yield* io.line();
  }
  yield* io.send('221 bye\\r\\n');
})`,
  },
  {
    name: 'Time-out',
    about:
      'The line is not whole after 30 s: the read is given up, and tried again. No byte of it is lost. The time is virtual, so that nobody had to wait.',
    incoming: '-a 40s b-|',
    values: { a: 'half a l', b: 'ine\\n' },
    handler: `({ reader, writer }) =>
  reader.readLine('utf-8').pipe(
    timeout(30_000),
    retry({
      delay: () => {
        writer.write('still there?\\n');
        return of('again');
      },
    }),
  )`,
  },
  {
    name: 'Be the peer',
    live: true,
    about:
      'Type a line and send it: two ends in memory, in real time. The handler takes two seconds for a line. Send some at once, and see who has to wait.',
    incoming: '',
    values: {},
    limit: 16,
    highWaterMark: 64,
    handler: `({ reader, writer }) =>
  reader.consume(lines(), (line) =>
    timer(2000).pipe(
      map(() => line.toUpperCase()),
      tap((answer) => writer.write(answer + '\\n')),
    ),
  )`,
  },
];
