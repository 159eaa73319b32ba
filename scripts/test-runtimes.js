/**
 * Runs the smoke test of the built package on this Node, on Bun and on Deno:
 *
 *   npm run test:runtimes
 *
 * Bun and Deno come from their npm packages, into runtimes/: the project's own installation stays small.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const BIN = 'runtimes/node_modules/.bin';
const RUNTIMES = {
  [`Node ${process.versions.node}`]: [process.execPath],
  Bun: [`${BIN}/bun`],
  Deno: [`${BIN}/deno`, 'run', '-A', '--node-modules-dir=manual'],
};

if (!existsSync(`${BIN}/deno`) || !existsSync(`${BIN}/bun`)) {
  const { status } = spawnSync('npm', ['ci', '--prefix', 'runtimes', '--no-audit', '--no-fund'], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}
let failed = 0;
for (const [name, [program, ...args]] of Object.entries(RUNTIMES)) {
  console.log(`\n${name}`);
  const { status, signal } = spawnSync(/** @type {string} */ (program), [...args, 'scripts/smoke.js'], {
    stdio: 'inherit',
    timeout: 120_000,
  });
  if (status === 0) continue;
  failed++;
  console.log(`FAILED on ${name} with ${signal ?? `code ${status}`}`);
}
console.log(`\nruntimes: ${Object.keys(RUNTIMES).length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
