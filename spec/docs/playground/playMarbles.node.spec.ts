import { examples } from '../../../docs/.vitepress/theme/playground/examples.js';
import { inWords } from '../../../docs/.vitepress/theme/playground/inWords.js';
import type { Playback } from '../../../docs/.vitepress/theme/playground/Playback.js';
import { lettersOf, playMarbles, type Scene } from '../../../docs/.vitepress/theme/playground/playMarbles.js';

const scene: Scene = {
  incoming: '-a--b-|',
  values: { a: 'hel', b: 'lo\\nyou\\n' },
  handler: '({ reader }) => reader.lines()',
};

function example(name: string): Playback {
  return playMarbles(examples.find((each) => each.name === name)!);
}

describe('playMarbles', () => {
  it('plays the peer and the handler, and says what happens when', () => {
    const playback = playMarbles(scene);
    expect(playback.problem).toBeUndefined();
    expect(inWords(playback)).toEqual([
      '1 ms: the peer sends hel',
      '4 ms: the peer sends lo\\nyou\\n',
      '4 ms: the handler emits hello',
      '4 ms: the handler emits you',
      '6 ms: the peer sends no more',
      '6 ms: the handler closes',
      '6 ms: the handler completes',
    ]);
  });

  it('looks at the connection in each moment', () => {
    const { moments } = playMarbles(scene);
    expect(moments.map(({ at, buffered }) => [at, buffered])).toEqual([
      [0, 0],
      [1, 3],
      [4, 0],
      [6, 0],
    ]);
    expect(JSON.parse(moments[1]!.snapshot)).toEqual(
      jasmine.objectContaining({ phase: 'open', bytesRead: 3 }),
    );
    expect(moments[1]!.says).toContain('3 bytes have come');
  });

  for (const each of examples.filter(({ live }) => live !== true)) {
    it(`has an example that works: ${each.name}`, () => {
      const playback = playMarbles(each);
      expect(playback.problem).toBeUndefined();
      expect(playback.note).toBeUndefined();
      expect(playback.happenings.filter(({ kind }) => kind === 'error')).toEqual([]);
      expect(playback.happenings.some(({ kind }) => kind === 'end')).toBeTrue();
    });
  }

  it('shows who has to wait for a slow reader', () => {
    const words = inWords(example('Slow reader'));
    expect(words).toContain('7 ms: the reader stops its peer: 11 bytes wait');
    expect(words).toContain('9 ms: the peer sends five\\n, which is taken at 13 ms');
    expect(words).toContain('13 ms: the reader lets its peer go on');
  });

  it('shows a writer that is paused, and what the peer takes', () => {
    const words = inWords(example('Slow peer'));
    expect(words).toContain('0 ms: the writer is paused: 17 bytes wait');
    expect(words).toContain('4 ms: the peer takes 17 bytes');
  });

  it('lets half a minute pass', () => {
    const words = inWords(example('Time-out'));
    expect(words).toContain('30 s: the handler writes still there?\\n');
    expect(words).toContain('40 s: the handler emits half a line\\n');
  });

  it('tells what is wrong with what was typed, and where, and throws nothing', () => {
    const wrong = (change: Partial<Scene>): unknown => playMarbles({ ...scene, ...change }).problem;
    expect(wrong({ values: { a: '\\q', b: '' } })).toEqual({
      where: 'values',
      message: jasmine.stringContaining('no escape') as unknown as string,
    });
    expect(wrong({ incoming: '-a-)' })).toEqual({
      where: 'incoming',
      message: jasmine.any(String) as unknown as string,
    });
    expect(wrong({ incoming: '-a-(b' })).toEqual({
      where: 'incoming',
      message: jasmine.any(String) as unknown as string,
    });
    expect(wrong({ drain: '-a-!' })).toEqual({
      where: 'drain',
      message: jasmine.any(String) as unknown as string,
    });
    for (const handler of ['', '5', '({ reader ', 'nobody.knows'])
      expect(wrong({ handler })).toEqual({
        where: 'handler',
        message: jasmine.any(String) as unknown as string,
      });
  });

  it('shows an error of the handler as its end', () => {
    const { problem, happenings } = playMarbles({
      ...scene,
      handler: '({ reader }) => reader.readExactly(99)',
    });
    expect(problem).toBeUndefined();
    expect(happenings.find(({ row }) => row === 'handler')).toEqual(
      jasmine.objectContaining({
        kind: 'error',
        text: jasmine.stringContaining('expected 99'),
      }),
    );
  });

  it('tells of errors that nobody handles', () => {
    const handler =
      "({ reader }) => { reader.lines().subscribe(() => { throw new Error('inside') }); return NEVER }";
    expect(playMarbles({ ...scene, handler }).problem).toEqual({
      where: 'handler',
      message: 'Error: inside',
    });
  });

  it('ends what has no end', () => {
    for (const handler of ['() => interval(1)', '() => timer(1).pipe(ignoreElements(), repeat())'])
      expect(playMarbles({ ...scene, handler }).note).toContain('for ever');
  });

  it('says that promises are not for virtual time', () => {
    expect(playMarbles({ ...scene, handler: 'async () => 1' }).note).toContain('Promises');
  });

  it('shows a reset', () => {
    const words = inWords(playMarbles({ ...scene, incoming: '-a-#' }));
    expect(words).toContain('3 ms: the peer resets the connection');
    expect(words.join()).toContain('ConnectionLostError');
  });
});

describe('lettersOf', () => {
  it('has each letter of the marbles once, and no time', () => {
    expect(lettersOf('-a-(bc)-a 10ms d 3s 1|')).toEqual(['a', 'b', 'c', 'd', '1']);
    expect(lettersOf('--|')).toEqual([]);
  });
});
