/**
 * Writes build/release/<version>.md, the notes of a release: its section of CHANGELOG.md, and what it costs a page.
 *
 *   npm run release:notes -- [VERSION]     of package.json's version, if none is given
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** @param {string} version @returns the file that it has written */
export function writeReleaseNotes(version) {
  const changes = changelogSection(readFileSync('CHANGELOG.md', 'utf8'), version);
  const sizes = execFileSync(process.execPath, ['scripts/bundle-size.js'], { encoding: 'utf8' });
  const file = `build/release/${version}.md`;
  mkdirSync('build/release', { recursive: true });
  writeFileSync(
    file,
    `# rxjs-net ${version}\n\n${changes}\n\n## Sizes\n\n\`\`\`text\n${sizes.trimEnd()}\n\`\`\`\n`,
  );
  return file;
}

/** @param {string} changelog @param {string} version @returns the text below its heading, or below [Unreleased] */
export function changelogSection(changelog, version) {
  const sections = changelog.split(/^## /m);
  const section = [`[${version}]`, '[Unreleased]']
    .map((title) => sections.find((text) => text.startsWith(title)))
    .find((text) => text !== undefined);
  const text = section?.slice(section.indexOf('\n')).trim();
  if (!text) throw new Error(`CHANGELOG.md says nothing of ${version}`);
  return text;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [version = JSON.parse(readFileSync('package.json', 'utf8')).version] = process.argv.slice(2);
  console.log(writeReleaseNotes(version));
}
