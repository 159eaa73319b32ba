import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type DefaultTheme } from 'vitepress';
import { githubLinks, githubSlug } from './githubLinks.js';
import { miniSearch } from './search.js';
import { shortTokens } from './shortTokens.js';

const DOCS = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

type Page = [title: string, path: string];

/** The links to those pages that are there. A path that ends with a slash is a folder's own page. */
function links(pages: Page[]): { text: string; link: string }[] {
  return pages.filter(([, path]) => exists(path)).map(([text, path]) => ({ text, link: `/${path}` }));
}

function exists(path: string): boolean {
  const names = path.endsWith('/') ? [`${path}README.md`, `${path}index.md`] : [`${path}.md`];
  return names.some((name) => existsSync(`${DOCS}${name}`));
}

function group(text: string, pages: Page[]): DefaultTheme.SidebarItem[] {
  const items = links(pages);
  return items.length === 0 ? [] : [{ text, items }];
}

const api = group('API', [
  ['rxjs-net', 'api/rxjs-net/'],
  ['rxjs-net/node', 'api/rxjs-net/node/'],
  ['rxjs-net/web', 'api/rxjs-net/web/'],
  ['rxjs-net/ws', 'api/rxjs-net/ws/'],
  ['rxjs-net/nats', 'api/rxjs-net/nats/'],
  ['rxjs-net/testing', 'api/rxjs-net/testing/'],
]);

const sidebar = [
  ...group('Start', [
    ['In five minutes', 'start'],
    ['Tutorial', 'tutorial'],
    ['Playground', 'playground'],
  ]),
  ...group('Guide', [
    ['Reading', 'guide/reading'],
    ['Backpressure', 'guide/backpressure'],
    ['Protocols', 'guide/protocols'],
    ['Conversations', 'guide/conversations'],
    ['Servers', 'guide/servers'],
    ['TLS', 'guide/tls'],
    ['In the browser', 'guide/web'],
    ['Angular', 'guide/angular'],
    ['Testing', 'guide/testing'],
    ['In production', 'guide/operations'],
    ['Observing', 'guide/observing'],
    ['What runs where', 'guide/runtimes'],
    ['Through proxies', 'guide/proxies'],
    ['Addresses behind proxies', 'guide/proxy-protocol'],
    ['The gateway', 'guide/gateway'],
    ['Serial lines', 'guide/serial'],
    ['NATS JetStream', 'guide/nats'],
    ['Kafka', 'guide/kafka'],
    ['Redis Streams', 'guide/redis-streams'],
    ['Marble diagrams', 'guide/marbles'],
  ]),
  ...group('Coming from', [
    ['asyncio', 'coming-from/asyncio'],
    ['node:net', 'coming-from/node'],
    ['webSocket() of RxJS', 'coming-from/websocket'],
  ]),
  ...group('Look up', [
    ['Recipes', 'recipes'],
    ['Errors', 'errors'],
    ['Performance', 'performance'],
  ]),
  ...api,
  ...group('Project', [
    ['Changelog', 'project/changelog'],
    ['Contributing', 'project/contributing'],
    ['Architecture', 'project/architecture'],
    ['Decisions', 'decisions/'],
    ['Security', 'project/security'],
  ]),
];

export default defineConfig({
  title: 'rxjs-net',
  description: 'Byte-stream connections for RxJS, with backpressure that reaches the wire',
  lang: 'en',
  cleanUrls: true,
  metaChunk: true,
  // The index of the reference links to a hundred pages.
  router: { prefetchLinks: false },
  rewrites: { 'decisions/README.md': 'decisions/index.md' },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/logo.svg' }]],
  transformPageData: ({ frontmatter }) => {
    const { hero } = frontmatter as { hero?: { actions: { link: string }[] } };
    if (hero) hero.actions = hero.actions.filter(({ link }) => exists(link.slice(1)));
  },
  markdown: {
    anchor: { slugify: githubSlug },
    config: (md) => md.use(githubLinks),
    languageAlias: { haproxy: 'ini' },
    codeTransformers: [shortTokens],
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: links([
      ['Start', 'start'],
      ['Guide', 'guide/reading'],
      ['Recipes', 'recipes'],
      ['Errors', 'errors'],
      ['API', 'api/rxjs-net/'],
      ['Playground', 'playground'],
    ]),
    sidebar: {
      // The reference has many pages, and would carry the whole list in each.
      '/api/': [
        ...api,
        ...group('Guide', [
          ['Start', 'start'],
          ['Reading', 'guide/reading'],
          ['Errors', 'errors'],
        ]),
      ],
      '/': sidebar,
    },
    outline: [2, 3],
    search: { provider: 'local', options: { miniSearch } },
  },
  vite: {
    // The index of the search, which is loaded when somebody searches.
    build: { chunkSizeWarningLimit: 2000 },
    resolve: {
      alias: [
        // A page's component imports the library as its users do, and gets the sources.
        { find: /^rxjs-net$/, replacement: `${SOURCES}/index.ts` },
        { find: /^rxjs-net\/(web|testing)$/, replacement: `${SOURCES}/$1.ts` },
      ],
    },
  },
});
