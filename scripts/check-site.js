/**
 * Checks the built site in Chromium:
 *
 *   npm run docs:site                              builds it first
 *   node scripts/check-site.js [--page=REGEXP]     takes what is built; opens only the pages whose path matches
 *
 * Every page opens without an error, a failed request or a request to somebody else, and is as wide as the window, on a
 * phone and on a desk; every link and anchor leads somewhere; search finds the page of scripts/site-questions.json
 * first; what all pages transfer, and the time to the first paint, keep to their limits. Pictures of some pages are left
 * in build/site-shots.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { findChromium } from './find-chromium.js';
import { serveSite } from './serve-site.js';
import { summaryLine } from './summary-line.js';

const SITE = 'docs/.vitepress/dist';
const SHOTS = 'build/site-shots';
const MAX_TRANSFER = 3e6;
// The aim is a second, on a machine that does nothing else. Only what is far from it fails.
const MAX_FIRST_PAINT = 3000;
const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const WORKERS = 4;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const { values: options } = parseArgs({ options: { page: { type: 'string', default: '' } } });
const counts = { passed: 0, failed: 0, skipped: 0 };

/** @param {boolean} ok @param {string} problem */
function expect(ok, problem) {
  if (ok) {
    counts.passed++;
  } else {
    counts.failed++;
    console.log(`FAILED ${problem}`);
  }
}

/** @param {number} bytes */
const kb = (bytes) => `${Math.round(bytes / 1000)} kB`;

const files = readdirSync(SITE, { recursive: true, encoding: 'utf8' }).map((name) =>
  name.replaceAll('\\', '/'),
);
/** @type {Map<string, string>} each page's HTML by its path */
const pages = new Map(
  files
    .filter((name) => name.endsWith('.html') && name !== '404.html')
    .sort()
    .map((name) => [
      `/${name.replace(/\.html$/, '').replace(/(^|\/)index$/, '$1')}`,
      readFileSync(`${SITE}/${name}`, 'utf8'),
    ]),
);

function checkLinks() {
  const anchors = new Map(
    [...pages].map(([path, html]) => [
      path,
      new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)),
    ]),
  );
  for (const [origin, html] of pages) {
    /** @type {string[]} */
    const broken = [];
    for (const [, href = ''] of html.matchAll(/<a [^>]*?href="([^"]*)"/g)) {
      if (/^[a-z]+:/.test(href)) continue;
      const { pathname, hash } = new URL(href.replaceAll('&amp;', '&'), `http://site${origin}`);
      const id = decodeURIComponent(hash.slice(1));
      const known = anchors.get(decodeURIComponent(pathname));
      const found = known ? id === '' || known.has(id) : files.includes(pathname.slice(1));
      if (!found) broken.push(href);
    }
    expect(broken.length === 0, `${origin} links to ${broken.join(', ')}`);
  }
}

/** Until the page of the server has become Vue's. @param {import('playwright-core').Page} page @param {string} address */
async function open(page, address) {
  await page.goto(address);
  await page.waitForFunction(() => '__vue_app__' in (document.querySelector('#app') ?? {}));
}

/** @param {import('playwright-core').BrowserContext} context @param {string} url */
async function visitAll(context, url) {
  const queue = [...pages.keys()].filter((path) => new RegExp(options.page).test(path));
  const work = async () => {
    const page = await context.newPage();
    /** @type {string[]} */
    let problems = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('requestfailed', (request) => problems.push(`no ${request.url()}`));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url))
        problems.push(`asks for ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
    });
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      problems = [];
      await page.setViewportSize(DESK);
      await open(page, url + path);
      for (const size of [DESK, PHONE]) {
        await page.setViewportSize(size);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        if (width > size.width) problems.push(`${width} pixels wide in a window of ${size.width}`);
      }
      expect(problems.length === 0, `${path}: ${problems.join('; ')}`);
    }
    await page.close();
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}

/** @param {import('playwright-core').BrowserContext} context @param {string} url */
async function askQuestions(context, url) {
  /** @type {{ question: string, pages: string[] }[]} */
  const questions = JSON.parse(readFileSync('scripts/site-questions.json', 'utf8'));
  const page = await context.newPage();
  await page.setViewportSize(DESK);
  await page.goto(url);
  await page.getByRole('button', { name: 'Search' }).first().click();
  const results = page.locator('.VPLocalSearchBox .result');
  for (const { question, pages: expected } of questions) {
    await page.locator('.VPLocalSearchBox input').fill('');
    await results.first().waitFor({ state: 'detached' });
    await page.locator('.VPLocalSearchBox input').fill(question);
    // There is nothing to wait for where nothing is found.
    await results
      .first()
      .waitFor({ timeout: 5000 })
      .catch(() => {});
    const found = await results.evaluateAll((links) =>
      links
        .map((link) => new URL(/** @type {any} */ (link).href))
        .map(({ pathname, hash }) => pathname + hash),
    );
    const line = `"${question}" finds ${found.slice(0, 3).join(', ') || 'nothing'}`;
    console.log(line);
    const first = found[0]?.split('#')[0] ?? '';
    if (expected.some((path) => pages.has(path)))
      expect(expected.includes(first), `${line}, and not ${expected.join(' or ')} first`);
    else counts.skipped++;
  }
  await page.close();
}

/** @param {import('playwright-core').Browser} browser @param {string} url */
async function measurePaint(browser, url) {
  for (const path of ['/', '/errors', '/guide/testing', '/api/rxjs-net/serve']) {
    // A browser that has seen nothing of the site.
    const context = await browser.newContext({ viewport: DESK });
    const page = await context.newPage();
    await page.goto(url + path);
    const paint = await page.evaluate(
      () =>
        new Promise((resolve) => {
          new PerformanceObserver((list) => {
            for (const entry of list.getEntriesByName('first-contentful-paint')) resolve(entry.startTime);
          }).observe({ type: 'paint', buffered: true });
        }),
    );
    console.log(`first contentful paint of ${path}: ${Math.round(Number(paint))} ms`);
    expect(Number(paint) < MAX_FIRST_PAINT, `${path} is painted after ${Math.round(Number(paint))} ms`);
    await context.close();
  }
}

/** @param {import('playwright-core').Browser} browser @param {string} url */
async function takeShots(browser, url) {
  rmSync(SHOTS, { recursive: true, force: true });
  mkdirSync(SHOTS, { recursive: true });
  const shots = {
    home: '/',
    start: '/start',
    guide: '/guide/testing',
    marbles: '/guide/marbles',
    api: '/api/rxjs-net/readUntil',
    entry: '/api/rxjs-net/',
    playground: '/playground',
    errors: '/errors',
    'not-found': '/nowhere',
  };
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    for (const [device, viewport] of Object.entries({ desk: DESK, phone: PHONE })) {
      const context = await browser.newContext({ viewport, colorScheme });
      const page = await context.newPage();
      for (const [name, path] of Object.entries(shots)) {
        if (!pages.has(path) && name !== 'not-found') continue;
        await open(page, url + path);
        await page.screenshot({ path: `${SHOTS}/${name}-${colorScheme}-${device}.png` });
      }
      await context.close();
    }
  }
}

checkLinks();
const site = await serveSite(SITE);
const browser = await chromium.launch({ executablePath: await findChromium(), args: FLAGS });
try {
  const context = await browser.newContext();
  await visitAll(context, site.url);
  const transferred = site.bytes();
  await askQuestions(context, site.url);
  await context.close();
  await measurePaint(browser, site.url);
  await takeShots(browser, site.url);

  const size = (/** @type {string} */ extension) =>
    kb(
      files
        .filter((name) => name.endsWith(extension))
        .reduce((sum, name) => sum + statSync(`${SITE}/${name}`).size, 0),
    );
  console.log(`on disk: HTML ${size('.html')}, JS ${size('.js')}, CSS ${size('.css')}`);
  console.log(
    `all ${pages.size} pages, one after the other, transfer ${kb(transferred)} (limit: ${kb(MAX_TRANSFER)})`,
  );
  expect(transferred <= MAX_TRANSFER, 'the pages transfer too much');
} finally {
  await browser.close();
  site.close();
}
console.log(summaryLine('site', counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
