import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type DefaultTheme } from 'vitepress';
import { githubLinks, githubSlug } from './githubLinks.js';

const DOCS = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

type Page = [title: string, path: string];

/** A group of the sidebar, of those pages that are there. */
function group(text: string, pages: Page[]): DefaultTheme.SidebarItem[] {
  const items = pages
    .filter(([, path]) => existsSync(`${DOCS}${path.replace(/\/$/, '/README')}.md`))
    .map(([title, path]) => ({ text: title, link: `/${path}` }));
  return items.length === 0 ? [] : [{ text, items }];
}

const start = group('Start', [
  ['In five minutes', 'start'],
  ['Tutorial', 'tutorial'],
  ['Playground', 'playground'],
]);
const guide = group('Guide', [
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
]);
const comingFrom = group('Coming from', [
  ['asyncio', 'coming-from/asyncio'],
  ['node:net', 'coming-from/node'],
  ['webSocket() of RxJS', 'coming-from/websocket'],
]);
const reference = group('Look up', [
  ['Recipes', 'recipes'],
  ['Errors', 'errors'],
  ['Performance', 'performance'],
  ['Decisions', 'decisions/'],
]);

export default defineConfig({
  title: 'rxjs-net',
  description: 'Byte-stream connections for RxJS, with backpressure that reaches the wire',
  lang: 'en',
  cleanUrls: true,
  metaChunk: true,
  rewrites: { 'decisions/README.md': 'decisions/index.md' },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/logo.svg' }]],
  markdown: {
    anchor: { slugify: githubSlug },
    config: (md) => md.use(githubLinks),
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Guide', link: '/guide/testing' },
      { text: 'Errors', link: '/errors' },
    ],
    sidebar: [...start, ...guide, ...comingFrom, ...reference],
    outline: [2, 3],
    search: { provider: 'local' },
  },
  vite: {
    resolve: {
      alias: [
        // A page's component imports the library as its users do, and gets the sources.
        { find: /^rxjs-net$/, replacement: `${SOURCES}/index.ts` },
        { find: /^rxjs-net\/(web|testing)$/, replacement: `${SOURCES}/$1.ts` },
      ],
    },
  },
});
