import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

/**
 * Writes a table between `<!-- name -->` and `<!-- end of name -->` of a page.
 *
 * @param {string} page
 * @param {string} name
 * @param {string[]} head
 * @param {string[][]} rows
 */
export async function writeTable(page, name, head, rows) {
  const text = readFileSync(page, 'utf8');
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no place for the table ${name}`);
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const changed = `${text.slice(0, from)}${start}\n${table}\n\n${text.slice(to)}`;
  writeFileSync(page, await format(changed, { ...(await resolveConfig(page)), parser: 'markdown' }));
}
