import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { startWorker } from '../Worker.js';
import { firstLine, PEERS, type Program } from './Program.js';

/** What lies in bench/peers has its own packages, so that the project does not have to install them. */
async function installPeers(): Promise<string | undefined> {
  if (existsSync(`${PEERS}node_modules/.package-lock.json`)) return undefined;
  process.stderr.write('Installing bench/peers …\n');
  const npm = spawn('npm', ['ci', '--prefix', PEERS, '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  const code = await once(npm, 'exit').then(
    ([exitCode]) => exitCode as number | null,
    () => null,
  );
  return code === 0 ? undefined : 'npm ci --prefix bench/peers has failed';
}

const peersMissing = await installPeers();

async function peer(name: string, file: string, packageName: string): Promise<Program> {
  const path = `${PEERS}node_modules/${packageName}/package.json`;
  const version = await firstLine(process.execPath, ['-p', `require(${JSON.stringify(path)}).version`]);
  const missing = peersMissing ?? (version === undefined ? `${packageName} is not installed` : undefined);
  return {
    name,
    ...(missing === undefined ? { version: `${packageName} ${version!}` } : { missing }),
    start: () => Promise.resolve(startWorker(process.execPath, [`${PEERS}${file}`])),
  };
}

export const effect = await peer('Effect', 'effect.mjs', 'effect');
export const split2 = await peer('split2', 'split2.mjs', 'split2');
