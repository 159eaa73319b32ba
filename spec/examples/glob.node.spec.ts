import { globMatches } from '../../examples/redis/glob.js';

describe('examples: patterns of channels', () => {
  const cases: [pattern: string, matching: string[], others: string[]][] = [
    ['', [''], ['a']],
    ['*', ['', 'a', 'a*', 'news.sports'], []],
    ['news', ['news'], ['new', 'newss', 'News']],
    ['n?ws', ['news', 'n?ws'], ['nws', 'neews']],
    ['news.*', ['news.', 'news.a.b'], ['news', 'xnews.']],
    ['*.sports', ['.sports', 'news.sports.sports'], ['sports', 'a.sports.']],
    ['a*b*c', ['abc', 'axxbxxc', 'abbcbc'], ['ab', 'acb']],
    ['**', ['', 'a'], []],
    ['h[ae]llo', ['hallo', 'hello'], ['hillo', 'hllo', 'h[ae]llo']],
    ['h[^e]llo', ['hallo'], ['hello', 'hllo']],
    ['h[a-c]llo', ['hallo', 'hcllo'], ['hdllo', 'h-llo']],
    ['h[c-a]llo', ['hbllo'], ['hdllo']],
    ['[\\]a]', [']', 'a'], ['\\']],
    ['h\\*llo', ['h*llo'], ['hello']],
    ['a\\', ['a\\'], ['a']],
    ['[ab', ['a', 'b'], ['[ab']],
    ['.+(', ['.+('], ['aa(']],
    ['?\n', ['a\n'], ['a']],
  ];
  for (const [pattern, matching, others] of cases) {
    it(JSON.stringify(pattern), () => {
      expect(matching.filter((text) => !globMatches(pattern, text))).toEqual([]);
      expect(others.filter((text) => globMatches(pattern, text))).toEqual([]);
    });
  }

  it('many stars do not make it slow', () => {
    expect(globMatches(`${'*a'.repeat(50)}b`, 'a'.repeat(2000))).toBeFalse();
  });
});
