import { readdirSync, readFileSync } from 'node:fs';

/** @returns {Record<string, string[]>} the names that each entry point exports, as api-report/ has them */
export function exportedNames() {
  const files = readdirSync('api-report').filter((file) => file.endsWith('.api.md'));
  return Object.fromEntries(
    files.sort().map((file) => {
      const report = readFileSync(`api-report/${file}`, 'utf8');
      const declared = report.matchAll(
        /^export (?:declare |abstract )*(?:class|interface|type|const|function) ([\w$]+)/gm,
      );
      return [file.replace('.api.md', ''), [...new Set([...declared].map(([, name = '']) => name))].sort()];
    }),
  );
}
