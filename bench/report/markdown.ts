import { amount, ratio } from './format.js';
import type { Comparison, Report } from './Report.js';

/** What ran, where and when. */
export function heading(report: Report): string {
  const left = report.leftOut.map((line) => `\n- Left out: ${line}`).join('');
  return `- ${report.date}, ${report.machine}
- ${report.versions.join(', ')}
- medians of ${report.rounds} rounds, in each of which all contenders take turns${left}
`;
}

export function comparisonTable({ metric, rows }: Comparison): string {
  const cells = rows.map(({ label, median, min, max, ratio: value }) => [
    label,
    amount(median),
    `${amount(min)} – ${amount(max)}`,
    metric.absolute ? '' : ratio(value),
  ]);
  const less = metric.lessIsBetter ? ' (less is better)' : '';
  const aim =
    metric.aim === undefined ? '' : `\nThe aim of rxjs-net: ${metric.aim} of the hand-written one.\n`;
  return `### ${metric.title}
${aim}
${table(['', `${metric.unit}${less}`, 'lowest – highest', metric.absolute ? '' : 'ratio'], cells)}
`;
}

/** All of it, as a page. */
export function page(report: Report): string {
  return `# Results of \`npm run bench\`

${heading(report)}
Ratios are to the first of each table, the medians of those of the rounds; above 1 is better, also where less is better.
\`ratios.svg\` is their chart, \`results.json\` has what each round gave.

${report.comparisons.map(comparisonTable).join('\n')}`;
}

/** Aligned, the first column to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = head.map((title, column) => title !== '' || rows.some((row) => row[column] !== ''));
  const lines = [head, ...rows].map((row) => row.filter((_, column) => used[column]));
  const widths = lines[0]!.map((_, column) => Math.max(4, ...lines.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(lines[0]!), line(rule), ...lines.slice(1).map(line)].join('\n');
}
