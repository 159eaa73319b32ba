/** Left out of a page, with the words below them: what the reader sees at the base, or in the signature. */
const DROPPED = /^(Inherited from|Overrides|Implementation of|Extended by)$/;
/** Their words stay, without a heading that search and the outline would show. */
const UNWRAPPED =
  /^(Constructors?|Properties|Methods|Accessors|Get Signature|Set Signature|Call Signature|Type Declaration|Type Literal|Indexable)$/;
/** A line of bold text in place of a heading. */
const LABELS = /^(Parameters|Type Parameters|Returns|Throws|Examples?|Default Value|Deprecated|See|Remarks)$/;

/** @typedef {{ level: number, title: string, body: string }} Section */

/**
 * A page of the API reference as the plugin for Markdown writes it, without what repeats itself: each heading that is
 * left is a name, so that search and the outline show names only.
 *
 * @param {string} page
 */
export function tidyApiPage(page) {
  return (
    sections(page)
      .filter(({ title }) => !DROPPED.test(title))
      .map(tidy)
      .join('\n\n')
      .replaceAll('`Uint8Array`\\<`ArrayBufferLike`\\>', '`Uint8Array`')
      .replaceAll(/^## `abstract` /gm, '## ')
      .replaceAll('#abstract-', '#')
      // Headings have gone since these were counted.
      .replaceAll(/(\]\([^)\s]*#[^)\s]*?)-\d+\)/g, '$1)')
      .replaceAll(/<a id="[^"]*"><\/a> ?/g, '')
      .replaceAll(/\n+\*\*\*\n+/g, '\n\n')
      .replaceAll(/\n{3,}/g, '\n\n')
      .replace(/\n*$/, '\n')
  );
}

/** @param {string} page @returns {Section[]} */
function sections(page) {
  /** @type {Section[]} */
  const found = [];
  let inFence = false;
  for (const line of page.split('\n')) {
    if (line.startsWith('```')) inFence = !inFence;
    const heading = inFence ? null : /^(#+) (.*)$/.exec(line);
    const last = found.at(-1);
    if (heading) found.push({ level: heading[1]?.length ?? 0, title: heading[2] ?? '', body: '' });
    else if (last) last.body += `${line}\n`;
    else found.push({ level: 0, title: '', body: `${line}\n` });
  }
  return found;
}

/** @param {Section} section */
function tidy({ level, title, body }) {
  const text = body.trim();
  if (level === 0 || UNWRAPPED.test(title)) return text;
  if (title === 'Returns') return returns(text);
  // A name alone has been in the signature.
  if (title === 'Type Parameters' && !/^\|.*\|.*\|/.test(text)) return '';
  if (/^(Extends|Implements)$/.test(title)) return `**${title}** ${text.replaceAll(/\n?- /g, ' ').trim()}`;
  if (LABELS.test(title)) return `**${title}**\n\n${compact(text)}`;
  return `${'#'.repeat(Math.min(level, 3))} ${title}\n\n${text}`;
}

/** The signature has said the type. @param {string} text */
function returns(text) {
  const [, ...words] = text.split('\n\n');
  return words.length === 0 ? '' : `**Returns** ${words.join('\n\n')}`;
}

/** A table without the column that is all dashes or says `undefined`. @param {string} text */
function compact(text) {
  return text
    .replaceAll(/\| `undefined` \|/g, '| |')
    .replaceAll(/\| - \|/g, '| |')
    .replaceAll(/^\| -+ (.*)$/gm, (row) => row.replaceAll(/-{3,}/g, '---'));
}
