import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * Installs what only some checks need, into the folder of its own package.json, if it is not there yet.
 *
 * @param {string} folder
 */
export function installBeside(folder) {
  const { dependencies } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  /** @param {string} name */
  const isThere = (name) => {
    const manifest = `${folder}/node_modules/${name}/package.json`;
    const wanted = dependencies[name].split('@').at(-1);
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === wanted;
  };
  if (Object.keys(dependencies).every(isThere)) return;
  const { status } = spawnSync('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`npm ci in ${folder}/ has failed`);
}
