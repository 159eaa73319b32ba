import { readdirSync } from 'node:fs';

/** The TypeScript files below src/, sorted. */
export function sourceFiles() {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts'))
    .sort();
}
