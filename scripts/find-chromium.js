import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/**
 * A Chromium to run specs in: `CHROME_BIN`, then the PATH, then the one inside the npm package
 * `@sparticuz/chromium`, so that a fresh clone needs no manual step.
 */
export async function findChromium() {
  return (
    process.env.CHROME_BIN ?? onPath(['chromium', 'chromium-browser', 'google-chrome']) ?? (await unpacked())
  );
}

/** @param {string[]} names */
function onPath(names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function unpacked() {
  const { version } = JSON.parse(readFileSync('node_modules/@sparticuz/chromium/package.json', 'utf8'));
  const home = resolve(`node_modules/.cache/chromium-${version}`);
  if (!existsSync(home)) {
    mkdirSync(resolve('node_modules/.cache'), { recursive: true });
    // Unpacked beside its place and then moved there: two runs that start together, or one that is interrupted,
    // never leave half a browser behind.
    const staging = mkdtempSync(`${home}-`);
    await unpackInto(staging);
    try {
      renameSync(staging, home);
    } catch (error) {
      rmSync(staging, { recursive: true });
      if (!existsSync(home)) throw error;
    }
  }
  return join(home, 'chromium');
}

/** @param {string} folder */
async function unpackInto(folder) {
  // The package always unpacks into os.tmpdir(), and the environment is the only way to say where that is.
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  try {
    const { default: chromium } = await import('@sparticuz/chromium');
    await chromium.executablePath();
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
}
