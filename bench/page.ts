/**
 * `npm run bench:page`: 1 GiB between a server of TCP and a page in Chromium, through the gateway of the examples, in both
 * directions, by each way to carry it. The receiving end stalls, and goes on. Every byte is checked. Ends with 1 if one is
 * wrong or missing, if a stall does not reach the sending end, or if a process needs more and more memory.
 *
 * `npm run bench:page -- --mib=64 credits` is a shorter one, of those with that in their name. Only all of them with 1 GiB
 * write their results to bench/results, any other run to build/bench/results.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { format } from 'prettier';
import { listen } from './contenders/listen.js';
import { Chromium } from './page/Chromium.js';
import { pageHeading, resultsPage, transferTable, type PageReport } from './page/PageReport.js';
import { pagePlot } from './page/pagePlot.js';
import { plans, problemsOf } from './page/plans.js';
import { MiB, transfer, type Site, type TransferResult } from './page/Transfer.js';
import { circumstances } from './report/Report.js';

const WHOLE = 1024;
/** With less a plain `WebSocket` would not come to its limit, and the kernel would hold what a stall is to hold back. */
const LEAST = 32;

const { values: options, positionals: names } = parseArgs({
  options: { mib: { type: 'string', default: String(WHOLE) } },
  allowPositionals: true,
});
const mib = Number(options.mib);
if (!(Number.isInteger(mib) && mib >= LEAST)) {
  console.error(`--mib must be an integer from ${LEAST} on, not ${options.mib}`);
  process.exit(1);
}
const picked = plans.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
if (picked.length === 0) {
  console.error(`No such transfer: there are ${plans.map(({ name }) => name).join('; ')}`);
  process.exit(1);
}

/** Serves the page, with the library bundled for it. */
async function startSite(): Promise<Site & { stop(): void }> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page/pageEnd.js', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  });
  const files = new Map([
    [
      '/',
      {
        type: 'text/html',
        content: '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>',
      },
    ],
    ['/page.js', { type: 'text/javascript', content: outputFiles[0]!.text }],
  ]);
  const server = createServer(({ url = '' }, response) => {
    const file = files.get(url);
    response.writeHead(file === undefined ? 404 : 200, { 'content-type': file?.type ?? 'text/plain' });
    response.end(file?.content);
  });
  const origin = `http://127.0.0.1:${(await listen(server)).port}`;
  function stop(): void {
    server.close();
    server.closeAllConnections();
  }
  return { origin, url: `${origin}/`, stop };
}

async function browserVersion(): Promise<string> {
  const chromium = await Chromium.start();
  const version = await chromium.version();
  await chromium.stop();
  return version;
}

const site = await startSite();
const transfers: TransferResult[] = [];
const failures: string[] = [];
const versions = [`Node.js ${process.versions.node}`, await browserVersion()];
const before = { ...circumstances(), versions, mib };
for (const plan of picked) {
  process.stderr.write(`${plan.name} …\n`);
  try {
    const result = await transfer(plan, mib * MiB, site);
    transfers.push(result);
    failures.push(...problemsOf(result).map((problem) => `${plan.name}: ${problem}`));
  } catch (error) {
    failures.push(`${plan.name}: ${String(error)}`);
  }
}
site.stop();

const report: PageReport = { ...before, transfers };
console.log(`${pageHeading(report)}\n${transferTable(transfers)}`);
for (const failure of failures) console.error(`FAILED ${failure}`);
if (failures.length > 0) process.exitCode = 1;

const isComplete = mib === WHOLE && picked.length === plans.length && failures.length === 0;
const folder = fileURLToPath(new URL(isComplete ? '../../bench/results/' : './results/', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(
  `${folder}page.json`,
  await format(JSON.stringify(report), { parser: 'json', printWidth: 110 }),
);
writeFileSync(`${folder}page.md`, await format(resultsPage(report), { parser: 'markdown', printWidth: 110 }));
writeFileSync(`${folder}page.svg`, pagePlot(report));
console.error(`Written: ${folder}`);
