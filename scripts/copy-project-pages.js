/**
 * Copies what stands in the root of the repository for those who carry the project on to docs/project/, where the site
 * takes them for pages. Their links are seen to by docs/.vitepress/githubLinks.ts.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';

const OUT = 'docs/project';

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT);
for (const name of ['CHANGELOG', 'CONTRIBUTING', 'ARCHITECTURE', 'SECURITY'])
  if (existsSync(`${name}.md`)) copyFileSync(`${name}.md`, `${OUT}/${name.toLowerCase()}.md`);
