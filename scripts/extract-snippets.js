import { existsSync } from 'node:fs';
import { sourceFiles } from './source-files.js';
import { writtenPages } from './written-pages.js';

/**
 * @typedef {{ origin: string, line: number, code: string, run: boolean, file: string | undefined }} Snippet
 * A fenced ```ts block: the file it stands in, the line of its fence, and its code with everything else of the file
 * blanked out, so that every line number in it is a line number of the origin. A block whose fence says
 * ```ts file=store.ts has that name, by which other blocks import it: `import { store } from './store.ts'`.
 */

const FILE = /^file=[\w.-]+\.ts$/;

/** The files whose snippets are checked: README.md, docs/*.md and the sources, for their doc comments. */
export function snippetOrigins() {
  return ['README.md', ...writtenPages(), ...sourceFiles()].filter(existsSync);
}

/** @param {Snippet} snippet @returns the name of a file for it */
export function snippetFile({ origin, line, file }) {
  return file ?? `${origin.replaceAll('/', '-')}-L${line}.ts`;
}

/**
 * The ```ts blocks of a Markdown file, or of the doc comments of a TypeScript file.
 *
 * @param {string} origin
 * @param {string} text
 * @returns {Snippet[]}
 */
export function extractSnippets(origin, text) {
  const isMarkdown = origin.endsWith('.md');
  const lines = text.split('\n').map((line) => (isMarkdown ? line : (/^\s*\* ?(.*)$/.exec(line)?.[1] ?? '')));
  /** @type {Snippet[]} */
  const snippets = [];
  /** @type {{ line: number, indent: number, language: string, words: string[] } | undefined} */
  let open;
  for (const [i, line] of lines.entries()) {
    const fence = /^(\s*)```+\s*(\S*)\s*(.*)$/.exec(line);
    if (!fence) continue;
    const [, indent = '', language = '', words = ''] = fence;
    if (!open) {
      open = { line: i + 1, indent: indent.length, language, words: words.split(/\s+/).filter(Boolean) };
      checkFence(`${origin}:${open.line}`, language, open.words);
      continue;
    }
    if (open.language === 'ts') {
      const { line, indent: margin, words: marks } = open;
      const body = lines
        .slice(line, i)
        .map((code) => (code.slice(0, margin).trim() === '' ? code.slice(margin) : code));
      const blanks = Array.from({ length: line }, (_, n) => (n === 0 ? `// from ${origin}:${line}` : ''));
      snippets.push({
        origin,
        line,
        code: [...blanks, ...body, ''].join('\n'),
        run: !marks.includes('no-run'),
        file: marks.find((mark) => FILE.test(mark))?.slice('file='.length),
      });
    }
    open = undefined;
  }
  if (open) throw new Error(`${origin}:${open.line}: the fence is never closed`);
  return snippets;
}

/** @param {string} place @param {string} language @param {string[]} words */
function checkFence(place, language, words) {
  if (language === 'typescript') throw new Error(`${place}: write \`\`\`ts, so that the block is found`);
  // There is no way to exempt a block from compiling: one that does not compile helps no reader.
  const unknown = language === 'ts' ? words.filter((word) => word !== 'no-run' && !FILE.test(word)) : [];
  if (unknown.length > 0)
    throw new Error(`${place}: unknown mark ${unknown.join(' ')} (there are: no-run, file=NAME.ts)`);
}
