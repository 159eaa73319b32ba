import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MarkdownRenderer } from 'vitepress';

type Token = ReturnType<MarkdownRenderer['parse']>[number];

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { repository } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  repository?: string | { url: string };
};
const repositoryUrl = (typeof repository === 'object' ? repository.url : repository)
  ?.replace(/^git\+/, '')
  .replace(/\.git$/, '');

/** The anchor of a heading, as GitHub makes it: a link is to work there and on the site. */
export function githubSlug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-');
}

/** The place of a page's Markdown in the repository: those below project/ are copies of files in its root. */
function sourceOf(page: string): string {
  return page.startsWith('project/') ? page.slice('project/'.length) : `docs/${page}`;
}

/** The page that the site makes of a file of the repository: a folder is none. */
function pageOf(file: string): string | undefined {
  if (file === 'README.md') return '/';
  if (file.startsWith('docs/') && posix.extname(file) !== '')
    return `/${file.slice('docs/'.length)}`.replace(/\/README\.md$/, '/');
  const copy = `project/${file.toLowerCase()}`;
  return file.endsWith('.md') && existsSync(`${ROOT}docs/${copy}`) ? `/${copy}` : undefined;
}

/**
 * Where a link of a page leads on the site: to another page; or to the file's place in the repository, or nowhere while
 * that is nowhere to be seen.
 */
function onSite(href: string, page: string): string | undefined {
  if (/^([a-z]+:|\/|#)/.test(href)) return href;
  const [path = '', anchor] = href.split('#');
  const file = posix.join(posix.dirname(sourceOf(page)), path);
  const hash = anchor === undefined ? '' : `#${anchor}`;
  if (!existsSync(`${ROOT}${file}`)) throw new Error(`docs/${page}: there is no ${file}`);
  const target = pageOf(file);
  if (target !== undefined && !(target === '/' && anchor !== undefined)) return `${target}${hash}`;
  return repositoryUrl === undefined ? undefined : `${repositoryUrl}/blob/HEAD/${file}${hash}`;
}

/** A plugin of the Markdown renderer: see {@link onSite}. A link that leads nowhere becomes its text. */
export function githubLinks(md: MarkdownRenderer): void {
  md.core.ruler.push('github-links', ({ tokens, env }) => {
    const { relativePath } = env as { relativePath: string };
    for (const { children } of tokens) if (children) resolveLinks(children, relativePath);
  });
}

function resolveLinks(children: Token[], page: string): void {
  let dropped = false;
  for (const token of children) {
    if (token.type === 'link_open') {
      const href = onSite(decodeURI(token.attrGet('href') ?? ''), page);
      dropped = href === undefined;
      if (href !== undefined) token.attrSet('href', href);
    }
    if (token.type === 'image' && page.startsWith('project/'))
      token.attrSet('src', (token.attrGet('src') ?? '').replace(/^docs\//, '../'));
    // A token of text that is empty shows nothing.
    if (dropped && token.type.startsWith('link_')) {
      if (token.type === 'link_close') dropped = false;
      token.type = 'text';
      token.tag = '';
      token.nesting = 0;
    }
  }
}
