/**
 * The console in a real Chromium, against the gateway and the servers, redis-server among them where there is one.
 * Run from the project's folder by `npm run test:angular`. Pictures of it: build/angular/*.png.
 */
import { ok, strictEqual } from 'node:assert';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startServers } from '../../../scripts/angular-example.js';
import { findChromium } from '../../../scripts/find-chromium.js';

const PICTURES = 'build/angular';
const MiB = 2 ** 20;
// What a page that does not read leaves the buffers of the browser, the gateway and the system with.
const BUFFERS = 32 * MiB;

let servers;
let browser;
let page;
let urls;
const complaints = [];

before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  await serve();
  browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
  });
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(urls.console);
  await page.getByText('Open', { exact: true }).waitFor();
});

after(async () => {
  await browser?.close();
  kill();
});

/** Starts the servers, on the same ports as before if they were running before. */
async function serve() {
  const ports = urls === undefined ? [] : [urls.console, urls.gateway].map((url) => new URL(url).port);
  servers = startServers(ports, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let printed = '';
  for await (const text of servers.stdout.iterator({ destroyOnReturn: false })) {
    printed += text;
    if (printed.includes('The console is at')) break;
  }
  servers.stdout.resume();
  urls = {
    console: /console is at (http:\S+);/.exec(printed)[1],
    gateway: /gateway at (ws:\S+)/.exec(printed)[1],
    hasRedis: !printed.includes('no redis-server'),
  };
}

/** All of them at once, and without a word to anybody. */
function kill() {
  if (servers?.exitCode === null) process.kill(-servers.pid, 'SIGKILL');
}

const connection = () => page.getByRole('region', { name: 'Connection' });
const conversation = () => page.getByRole('log');
const flow = () => page.getByRole('region', { name: 'Flow' });
const status = (title) => connection().getByText(title, { exact: true });

async function pick(target) {
  await page
    .locator('label', { has: page.getByText(target, { exact: true }) })
    .getByRole('radio')
    .check();
  await conversation().getByText(`Connected to ${target}.`).last().waitFor();
  await status('Open').waitFor();
}

async function say(text) {
  const field = page.getByRole('textbox');
  await field.fill(text);
  await field.press('Enter');
}

/** The text of the last entry of a kind. */
async function last(kind) {
  return await page.locator(`.entry.${kind} .text`).last().innerText();
}

/** Waits until a function gives what is wanted, and looks rarely, as the machine may be busy. */
async function until(what, get, isWanted) {
  const end = Date.now() + 20_000;
  for (;;) {
    const value = await get();
    if (isWanted(value)) return value;
    if (Date.now() > end) throw new Error(`${what}: ${value}`);
    await page.waitForTimeout(100);
  }
}

/** A number of bytes, as the page shows it. */
function bytes(text) {
  const [, number, unit] = /([\d.]+) (B|KiB|MiB|GiB)/.exec(text);
  return Number(number) * 1024 ** ['B', 'KiB', 'MiB', 'GiB'].indexOf(unit);
}

const handedOver = async () => bytes(await flow().locator('.count').innerText());
const received = async () => bytes(await page.locator('.received .total').innerText());

async function picture(name) {
  await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

test('comes rendered from the server, where nothing was opened', async () => {
  const html = await (await fetch(urls.console)).text();

  ok(/<app-root[^>]*ng-server-context="ssg"/.test(html));
  ok(html.includes('Nobody has asked for it.'));
  ok(html.includes('Nothing has been said yet.'));
});

test('speaks Redis with the example server', async () => {
  await pick('Redis, in RxJS');
  await say('SET colour "dark green"');
  await until(
    'the answer',
    () => last('in'),
    (text) => text === 'OK',
  );
  await say('GET colour');
  await until(
    'the answer',
    () => last('in'),
    (text) => text === 'dark green',
  );
  await say('NO SUCH COMMAND');

  await until(
    'the answer',
    () => last('in'),
    (text) => text.startsWith('(error)'),
  );
});

test('speaks Redis with redis-server', async (context) => {
  if (!urls.hasRedis) {
    context.skip('there is no redis-server on this machine');
    return;
  }
  await pick('Redis');
  await page.getByRole('button', { name: 'SET greeting' }).click();
  await until(
    'the answer',
    () => last('in'),
    (text) => text === 'OK',
  );
  await page.getByRole('button', { name: 'GET greeting' }).click();
  await until(
    'the answer',
    () => last('in'),
    (text) => text === 'hello from a browser',
  );
  await say('LRANGE nothing 0 -1');
  await until(
    'the answer',
    () => last('in'),
    (text) => text === '(empty)',
  );
  await page.waitForTimeout(1000);
  await picture('redis');
});

test('connects again when the server has hung up, and says why', async () => {
  await pick('Echo');
  await say('Hello World!');
  await until(
    'the answer',
    () => last('in'),
    (text) => text === 'Hello World!',
  );
  await conversation().getByText('The server has ended the connection.').waitFor();

  await until(
    'connections',
    () => conversation().getByText('Connected to Echo.').count(),
    (count) => count === 2,
  );
});

for (const [credits, flowControl] of [
  [true, 'credits'],
  [false, 'WebSocketStream'],
]) {
  test(`a page that stalls stops the server, by ${flowControl}, and misses nothing`, async () => {
    await page.getByRole('checkbox', { name: 'Offer credits' }).setChecked(credits);
    await pick('Flood');
    await connection().getByText(`Flow control: ${flowControl}.`).waitFor();
    const before = await received();
    await page.getByRole('button', { name: 'flood', exact: true }).click();
    await until('bytes handed over', handedOver, (count) => count > 8 * MiB);

    await page.getByRole('button', { name: 'Stall the page' }).click();
    await flow().getByText('Stops its peer').waitFor();
    await flow()
      .getByText(/Waits for room: [1-9]\.\d s/)
      .waitFor();
    const stalledAt = await handedOver();
    const ahead = stalledAt - ((await received()) - before);
    ok(ahead < BUFFERS, `the server is ${ahead} bytes ahead`);
    await picture(`stalled-${credits ? 'credits' : 'stream'}`);
    strictEqual(await handedOver(), stalledAt);

    await page.getByRole('button', { name: 'Go on reading' }).click();
    await until('bytes handed over', handedOver, (count) => count > stalledAt + 8 * MiB);
    await say('stop');
    const end = await until(
      'the answer',
      () => last('in'),
      (text) => text.startsWith('stopped after'),
    );
    const lines = await page.locator('.entry.in .text').allInnerTexts();
    const numbers = lines.filter((line) => line.includes('of the flood')).map((line) => parseInt(line, 10));
    ok(numbers.length > 100);
    strictEqual(numbers.at(-1), Number(/\d+/.exec(end)[0]), 'the last line of the flood');
    ok(
      numbers.every((number, i) => number === numbers[0] + i),
      `no line of the flood is missing: ${numbers.join(' ')}`,
    );
  });
}

test('a server that reads slowly pauses the writer', async () => {
  await page.getByRole('checkbox', { name: 'Offer credits' }).check();
  await pick('Slow reader');
  await flow().getByText('Has room').waitFor();

  await page.getByRole('button', { name: 'Send 16 MiB' }).click();
  await flow().getByText('Waits for room').waitFor();
  await until(
    'the server',
    () => last('in'),
    (text) => parseInt(text, 10) > 128 * 1024,
  );
  await picture('slow-reader');
});

test('a gateway that dies is waited for', async () => {
  await pick('Redis, in RxJS');
  kill();
  await once(servers, 'exit');
  await status('Waiting to reconnect').waitFor();
  await conversation().getByText('The connection was lost').last().waitFor();
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture('waiting');

  await serve();
  await status('Open').waitFor();
  await say('PING');
  await until(
    'the answer',
    () => last('in'),
    (text) => text === 'PONG',
  );
});

test('every control has a name, and the keyboard reaches it', async () => {
  for (const role of ['button', 'radio', 'checkbox', 'textbox']) {
    for (const control of await page.getByRole(role).all()) {
      const name = await control.evaluate(
        (element) => element.labels?.[0]?.innerText ?? element.ariaLabel ?? element.innerText,
      );
      ok(name.trim() !== '', `${role} without a name`);
      strictEqual(await control.evaluate((element) => element.tabIndex), 0);
    }
  }
});

test('nothing on the page has complained, but of a gateway that was not there', () => {
  const unexpected = complaints.filter((text) => !/WebSocket connection to .* failed/.test(text));
  strictEqual(unexpected.join('\n'), '');
});
