import { readdirSync } from 'node:fs';

/** What `npm run docs` makes below docs/: copies, and pages of TypeDoc's. */
const MADE = /^docs\/(api|project|\.vitepress)\//;

/** The Markdown files below docs/ that people have written, sorted. */
export function writtenPages() {
  return readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .map((name) => `docs/${name.replaceAll('\\', '/')}`)
    .filter((page) => page.endsWith('.md') && !MADE.test(page))
    .sort();
}
