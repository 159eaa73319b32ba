/** What the scripts of examples/angular share: it is installed, and it has the library as a user has it. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const FOLDER = resolve('examples/angular');
export const PAGE = resolve(FOLDER, 'dist/browser');

/** The lock file that the packages were installed by: so they are installed again when it has changed. */
const STAMP = resolve(FOLDER, 'node_modules/.installed');

/**
 * Runs a program, and ends this one if it fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions & { timeout: number }} options
 */
export function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (status === 0) return;
  console.error(`FAILED ${[command, ...args].join(' ')}${error ? `: ${error.message}` : ''}`);
  process.exit(1);
}

/** Installs what package-lock.json of the example says, Node 24 among it, which its own scripts then find first. */
export function install() {
  const lock = createHash('sha256')
    .update(readFileSync(resolve(FOLDER, 'package-lock.json')))
    .digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return;
  // The warnings say that packages want a newer Node than npm runs on: they are run by the one that is installed here.
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: FOLDER, timeout: 300_000 });
  writeFileSync(STAMP, lock);
}

/** Packs the library, and lays it where an install of the package would: a link would bring a second rxjs along. */
export function addLibrary() {
  const target = resolve(FOLDER, 'node_modules/rxjs-net');
  mkdirSync('build', { recursive: true });
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', 'build'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 120_000,
  });
  if (packed.status !== 0) {
    console.error(`FAILED npm pack\n${packed.stdout}`);
    process.exit(1);
  }
  const filename = packed.stdout.trim();
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  run('tar', ['-xzf', resolve('build', filename), '-C', target, '--strip-components=1'], { timeout: 30_000 });
}

/**
 * Runs one of the example's own scripts.
 *
 * @param {string} script
 * @param {NodeJS.ProcessEnv} [env]
 */
export function runScript(script, env = {}) {
  run('npm', ['run', '-s', script], { cwd: FOLDER, timeout: 180_000, env: { ...process.env, ...env } });
}

/** Compiles the servers of the example, and the gateway. */
export function buildServers() {
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'tsconfig.examples.json'], {
    timeout: 120_000,
  });
}

/**
 * Starts the servers.
 *
 * @param {string[]} ports
 * @param {import('node:child_process').SpawnOptions} options
 */
export function startServers(ports, options) {
  const program = 'build/examples/console/start.js';
  return spawn(process.execPath, ['--enable-source-maps', program, PAGE, ...ports], options);
}
