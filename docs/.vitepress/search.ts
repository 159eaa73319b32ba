import type { DefaultTheme } from 'vitepress';

type MiniSearch = NonNullable<DefaultTheme.LocalSearchOptions['miniSearch']>;

/**
 * How the local search finds. The functions are sent to the browser as text, so they use nothing from around them.
 *
 * A question is searched for by those of its words that say something; they count most in a heading. What is a heading
 * as a whole, as the name of an export is, leads there. Else the pages that explain come before the reference.
 */
export const miniSearch: MiniSearch = {
  options: {
    // `idleTimeout` is found as it is, and by "idle timeout". A heading as a whole is a term of its own, `=idletimeout`.
    tokenize: (text: string, field?: string) => {
      const words = text.split(/[^\p{L}\p{N}_]+/u);
      const parts = words
        .filter((word) => /\p{Ll}\p{Lu}/u.test(word))
        .flatMap((word) => word.split(/(?<=\p{Ll})(?=\p{Lu})/u));
      return [...words, ...parts, ...(field === 'title' ? [`=${words.join('')}`] : [])];
    },
    processTerm: (word: string) => {
      const term = word.toLowerCase();
      const empty =
        ' a an and any are as at be by can did do does for from get got has have how i if in into is it its me my no not of on ' +
        'or so than that the their then there they this to too use using was we what when where which who why will with you your ';
      if (term === '' || empty.includes(` ${term} `)) return null;
      return term.length > 3 ? term.replace(/ly$|(?<=[^su])s$/, '') : term;
    },
  },
  searchOptions: {
    tokenize: (text: string) => {
      const words = text.split(/[^\p{L}\p{N}_]+/u);
      return [...words, `=${words.join('')}`];
    },
    prefix: (term: string) => term.length > 2 && !term.startsWith('='),
    fuzzy: (term: string) => (term.length > 4 && !term.startsWith('=') ? 0.2 : false),
    boost: { title: 5, titles: 2, text: 1 },
    boostDocument: (id: string, term: string, fields?: Record<string, unknown>) => {
      const isTop = (fields as { titles: string[] }).titles.length === 0;
      const isApi = id.startsWith('/api/');
      if (term.startsWith('=')) return isTop ? 4 : isApi ? 0.5 : 1;
      if (isApi) return 0.2;
      if (/^\/(project|decisions)\//.test(id)) return 0.3;
      if (id.startsWith('/coming-from/')) return 0.3;
      return isTop || /^\/(recipes|errors)#/.test(id) ? 1.5 : 1;
    },
  },
};
