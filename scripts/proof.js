import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { sourceFiles } from './source-files.js';

/**
 * What a file remembers of the last time that all was proved: the day, and the sources of that day. Whoever asks takes it before the
 * proof begins, as sources may change while it goes on.
 *
 * @param {string} file
 */
export function proofIn(file) {
  const code = hashOfSources();
  const last = JSON.parse(readFileSync(file, 'utf8'));
  return {
    /** @type {string} */
    date: last.date,
    isCurrent: last.code === code,
    write() {
      const date = new Date().toISOString().slice(0, 10);
      writeFileSync(file, `${JSON.stringify({ date, code }, null, 2)}\n`);
    },
  };
}

/** Of all that `src` says but its comments: they change nothing of what runs, nor of any type. */
function hashOfSources() {
  const hash = createHash('sha256');
  const printer = ts.createPrinter({ removeComments: true });
  for (const file of sourceFiles()) {
    const text = readFileSync(file, 'utf8');
    hash.update(printer.printFile(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022)));
  }
  return hash.digest('hex');
}
