/**
 * Mutation testing of a folder or a file of src/, with StrykerJS on the Node that it needs (mutation/README.md):
 *
 *   npm run mutation -- <folder or file below src/>... [--specs=FOLDER,...] [--concurrency=N]
 *     [--force] [--static] [--fresh] [--dry]
 *
 * Results are kept in build/mutation/<folder>/: a second run tests only what changed in src/ (`--force`: everything;
 * needed after a spec was edited without a change of its name, which Stryker does not see). `--static`: also what runs
 * only while a module is loaded. `--fresh`: a process for each mutant. `--dry`: only the run without a mutant.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installBeside } from './install-beside.js';
import { specFiles } from './spec-files.js';

const STRYKER = 'mutation/node_modules/@stryker-mutator/core/bin/stryker.js';
const NODE = 'mutation/node_modules/.bin/node';

/**
 * The folders of spec/ that test a folder of src/, its own first: a mutant is given up by the first spec that fails.
 * Sockets, the examples and what needs other programs stay out.
 *
 * @type {Record<string, string[]>}
 */
const SPECS = {
  bytes: ['bytes', 'decoders/ByteWriter.spec.ts'],
  decoders: ['decoders'],
  streams: ['streams', 'operators', 'contracts', 'observables'],
  operators: ['operators', 'streams', 'contracts', 'observables'],
};
const OTHERS = [
  'bytes',
  'streams',
  'decoders',
  'operators',
  'contracts',
  'observables',
  'transports',
  'testing',
];
/** Specs that want the WebSocket relay that scripts/run-node-specs.js starts. */
const NEED_RELAY = /relay\.spec|WebSocketRelay\.spec|webSocketTransport\.spec/i;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    specs: { type: 'string' },
    concurrency: { type: 'string', default: '2' },
    force: { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
    static: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
  },
});

if (positionals.length === 0) {
  console.error('Which folder of src/? For example: npm run mutation -- bytes');
  process.exit(2);
}
const folder = /** @type {string} */ (positionals[0]).split('/')[0] ?? '';
const mutate = positionals.map((name) => {
  const path = `src/${name.replace(/\/$/, '')}`;
  if (!existsSync(path) || !name.startsWith(folder))
    throw new Error(`${path} is no file or folder of src/${folder}`);
  return statSync(path).isDirectory() ? `${path}/**/*.ts` : path;
});
const specFolders = options.specs?.split(',') ??
  SPECS[folder] ?? [folder, ...OTHERS.filter((name) => name !== folder)];
const specs = specFolders
  .flatMap((name) => specFiles('browser', [`spec/${name}`]))
  .filter((file) => !NEED_RELAY.test(file));

installBeside('mutation');

const results = `build/mutation/${folder}`;
mkdirSync(results, { recursive: true });
const jasmineConfig = resolve(results, 'jasmine.json');
write(jasmineConfig, {
  spec_dir: 'build/spec',
  helpers: ['../../scripts/stable-runs.js'],
  spec_files: specs.map((file) => file.replace(/\.ts$/, '.js')),
  env: { failSpecWithNoExpectations: true },
});
const strykerConfig = resolve(results, 'stryker.json');
write(strykerConfig, {
  mutate,
  // The sandbox has the sources and the specs, and no more of the project than these need.
  ignorePatterns: ['build', 'dist', 'bench', 'docs', 'examples', 'runtimes', 'mutation'],
  tempDirName: `${results}/sandbox`,
  cleanTempDir: 'always',
  // All mutants are compiled once, each behind a switch. esbuild takes a second where tsc takes half a minute.
  buildCommand:
    'esbuild src/**/*.ts spec/**/*.ts --outbase=. --outdir=build/spec --target=es2022 --log-level=warning',
  testRunner: 'jasmine',
  jasmineConfigFile: jasmineConfig,
  coverageAnalysis: 'perTest',
  incremental: true,
  incrementalFile: `${results}/incremental.json`,
  force: options.force,
  dryRunOnly: options.dry,
  concurrency: Number(options.concurrency),
  // A mutant of what runs only while a module is loaded needs a process of its own and all specs, and one that throws there
  // takes the specs with it, which passes for survival.
  ignoreStatic: !options.static,
  // Otherwise what a module remembers (a table made once) is still there for the next mutant.
  maxTestRunnerReuse: options.fresh ? 1 : 0,
  // Loops without an end are found by counting, not by waiting. A busy machine must not pass for a killed mutant.
  timeoutMS: 10_000,
  timeoutFactor: 2,
  dryRunTimeoutMinutes: 60,
  thresholds: { high: 95, low: 90, break: 90 },
  reporters: ['clear-text', 'progress-append-only', 'html', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: true },
  htmlReporter: { fileName: `${results}/index.html` },
  jsonReporter: { fileName: `${results}/mutation.json` },
  allowConsoleColors: false,
});

console.log(`${mutate.join(', ')}: ${specs.length} spec files of ${specFolders.join(', ')}`);
const { status } = spawnSync(NODE, [STRYKER, 'run', strykerConfig], { stdio: 'inherit' });
process.exit(status ?? 1);

/** @param {string} file @param {unknown} value */
function write(file, value) {
  writeFileSync(file, JSON.stringify(value, undefined, 2));
}
