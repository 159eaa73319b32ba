import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** Of all that `src` says but its comments: they change nothing of what runs, nor of any type. */
export function hashOfSources() {
  const hash = createHash('sha256');
  const printer = ts.createPrinter({ removeComments: true });
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts'));
  for (const file of files.sort()) {
    const text = readFileSync(file, 'utf8');
    hash.update(printer.printFile(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022)));
  }
  return hash.digest('hex');
}
