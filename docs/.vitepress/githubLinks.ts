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

/**
 * Where a relative link of a page leads on the site: a page of docs/ stays as it is, and a file outside has its place in
 * the repository, or none while that is nowhere to be seen.
 */
function onSite(href: string, page: string): string | undefined {
  if (/^([a-z]+:|\/|#)/.test(href)) return href;
  const [path = '', anchor] = href.split('#');
  const target = posix.join('docs', posix.dirname(page), path);
  const hash = anchor === undefined ? '' : `#${anchor}`;
  if (target.startsWith('docs/'))
    return target.endsWith('/README.md') ? href.replace('README.md', 'index.md') : href;
  if (!existsSync(`${ROOT}${target}`)) throw new Error(`docs/${page}: there is no ${target}`);
  return repositoryUrl === undefined ? undefined : `${repositoryUrl}/blob/HEAD/${target}${hash}`;
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
    // A token of text that is empty shows nothing.
    if (dropped && token.type.startsWith('link_')) {
      if (token.type === 'link_close') dropped = false;
      token.type = 'text';
      token.tag = '';
      token.nesting = 0;
    }
  }
}
