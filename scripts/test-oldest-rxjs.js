/**
 * Runs the Node specs on the oldest rxjs that the package promises to work with (tsconfig.oldest-rxjs.json has
 * compiled them against its types), but for those of the examples, which have the project's own, and for those that
 * talk to other programs. Arguments go to scripts/run-node-specs.js.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const tree = resolve('build/oldest-rxjs');
const modules = `${tree}/node_modules`;

// A folder of its own that Node's lookup meets before the project's node_modules. rxjs-marbles has to be a copy:
// through a link it would find the project's rxjs again.
rmSync(modules, { recursive: true, force: true });
mkdirSync(modules, { recursive: true });
symlinkSync(resolve('node_modules/rxjs-oldest'), `${modules}/rxjs`, 'junction');
cpSync('node_modules/rxjs-marbles', `${modules}/rxjs-marbles`, { recursive: true });

const promised = JSON.parse(readFileSync('package.json', 'utf8')).peerDependencies.rxjs.replace('^', '');
for (const from of ['spec/', 'node_modules/rxjs-marbles/']) {
  const { version } = createRequire(`${tree}/${from}`)('rxjs/package.json');
  if (version !== promised) throw new Error(`${from} loads rxjs ${version}, not ${promised}`);
}

const { status } = spawnSync(
  process.execPath,
  [
    'scripts/run-node-shards.js',
    `--compiled=${tree}`,
    '--name=oldest-rxjs',
    '--without=spec/interop',
    '--without=spec/examples',
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
