import { amount, ratio } from './format.js';
import type { Comparison, Report, Row } from './Report.js';

const COLUMN = 470;
const GAP = 30;
export const MARGIN = 20;
export const HEAD = 62;
const TITLE = 30;
const BAR = 18;
const BARS_FROM = 184;
const BARS_WIDTH = 170;
/** Where a bar ends that goes further than the chart. */
const MOST = 1.5;

/** It brings its own background, so it can be read on any page; a dark one where the reader prefers that. */
const STYLE = `
  svg { font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif; }
  .card { fill: #ffffff; stroke: #d0d7de; }
  text { fill: #1f2328; }
  .title { font-weight: 600; }
  .head { font-size: 16px; font-weight: 600; }
  .quiet { fill: #59636e; }
  .ours { fill: #b7178c; }
  text.ours { font-weight: 600; }
  .other { fill: #9aa4af; }
  .yardstick { fill: #59636e; }
  .one { stroke: #59636e; stroke-dasharray: 2 3; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .ours { fill: #f778ba; }
    .other { fill: #656c76; }
    .yardstick { fill: #b7bdc8; }
    .one { stroke: #9198a1; }
  }`;

/** The ratios to the hand-written one as bars, a group for each workload. */
export function chart(report: Report): string {
  const panels = report.comparisons.filter(
    ({ metric, rows }) => !metric.tableOnly && !metric.absolute && rows.length > 0,
  );
  const height = (some: readonly Comparison[]): number =>
    some.reduce((sum, { rows }) => sum + TITLE + rows.length * BAR, 0);
  // In their order, so that both columns are about as high.
  let split = 0;
  while (split < panels.length && height(panels.slice(0, split + 1)) <= height(panels) / 2 + TITLE) split++;
  const columns = [panels.slice(0, split), panels.slice(split)];
  const width = 2 * MARGIN + 2 * COLUMN + GAP;
  const total = HEAD + Math.max(...columns.map(height)) + MARGIN;
  const head = `Ratio to code written by hand on node:net (dashed: as fast as that; longer is better)`;
  const note = `${report.date}, ${report.machine}; ${report.versions[0]!}; npm run bench`;
  const body = columns.map((some, i) => column(some, MARGIN + i * (COLUMN + GAP))).join('\n');
  return card({ width, height: total, head, note, body });
}

/** A picture on a card, with a heading and a note below that: from `HEAD` on it is the body's. */
export function card(given: {
  width: number;
  height: number;
  head: string;
  note: string;
  body: string;
  style?: string;
}): string {
  const { width, height, head, note, body, style = '' } = given;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${head}">
<style>${STYLE}${style}
</style>
<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>
${label(MARGIN, 28, 'head', head)}
${label(MARGIN, 48, 'quiet', note)}
${body}
</svg>
`;
}

function column(comparisons: readonly Comparison[], x: number): string {
  let y = HEAD;
  return comparisons
    .map((comparison) => {
      const drawn = panel(comparison, x, y);
      y += TITLE + comparison.rows.length * BAR;
      return drawn;
    })
    .join('\n');
}

function panel({ metric, rows }: Comparison, x: number, y: number): string {
  const one = x + BARS_FROM + BARS_WIDTH / MOST;
  const bottom = y + TITLE + rows.length * BAR;
  return `${label(x, y + 22, 'title', metric.title)}
${label(x + COLUMN, y + 22, 'quiet', metric.unit, 'end')}
${rows.map((row, i) => bar(row, i === 0, x, y + TITLE + i * BAR)).join('\n')}
<line class="one" x1="${one}" x2="${one}" y1="${y + TITLE - 2}" y2="${bottom}"/>`;
}

function bar(row: Row, first: boolean, x: number, y: number): string {
  const kind = row.label.startsWith('rxjs-net') ? 'ours' : first ? 'yardstick' : 'other';
  const share = Number.isFinite(row.ratio) ? Math.min(row.ratio, MOST) / MOST : 0;
  const length = Math.max(1, BARS_WIDTH * share).toFixed(1);
  const textClass = kind === 'ours' ? 'ours' : '';
  return `${label(x, y + 13, textClass, row.label)}
<rect class="${kind}" x="${x + BARS_FROM}" y="${y + 3}" width="${length}" height="${BAR - 6}" rx="2"/>
${label(x + BARS_FROM + BARS_WIDTH + 46, y + 13, textClass, `${ratio(row.ratio)}${row.ratio > MOST ? ' →' : ''}`, 'end')}
${label(x + COLUMN, y + 13, 'quiet', amount(row.median), 'end')}`;
}

export function label(x: number, y: number, kind: string, text: string, anchor = 'start'): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  return `<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${escaped}</text>`;
}
