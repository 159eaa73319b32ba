import { card, HEAD, label, MARGIN } from '../report/chart.js';
import type { PageReport } from './PageReport.js';
import { MiB, type TransferResult } from './Transfer.js';

const PANEL = 300;
const HEIGHT = 150;
const GAP = 30;
const TITLE = 30;
const AXIS = 22;

const LINES = `
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
  line, .sent { stroke: #9aa4af; }
  .received { stroke: #b7178c; }
  @media (prefers-color-scheme: dark) {
    line, .sent { stroke: #656c76; }
    .received { stroke: #f778ba; }
  }`;

/** How far both ends of each transfer were, over the time: those to the page to the left, those from it to the right. */
export function pagePlot(report: PageReport): string {
  const columns = (['down', 'up'] as const).map((wanted) =>
    report.transfers.filter(({ direction }) => direction === wanted),
  );
  const rows = Math.max(...columns.map(({ length }) => length));
  const seconds = Math.max(...report.transfers.map(({ looks }) => looks.at(-1)![0]));
  const width = 2 * MARGIN + 2 * PANEL + GAP;
  const total = HEAD + rows * (TITLE + HEIGHT + AXIS) + MARGIN;
  const head = `${report.mib} MiB through the gateway: sent (grey) and received`;
  const note = `${report.date}, ${report.versions.join(', ')}; npm run bench:page`;
  const panels = columns.flatMap((transfers, i) =>
    transfers.map((one, row) =>
      panel(one, seconds, MARGIN + i * (PANEL + GAP), HEAD + row * (TITLE + HEIGHT + AXIS)),
    ),
  );
  return card({ width, height: total, head, note, body: panels.join('\n'), style: LINES });
}

function panel(
  { name, looks, bytes, ahead, fails }: TransferResult,
  seconds: number,
  x: number,
  y: number,
): string {
  const [top, bottom] = [y + TITLE, y + TITLE + HEIGHT];
  const points = (which: 1 | 2): string =>
    looks
      .map((look) => {
        const [across, up] = [look[0] / seconds, look[which] / bytes];
        return `${(x + across * PANEL).toFixed(1)},${(bottom - up * HEIGHT).toFixed(1)}`;
      })
      .join(' ');
  const note = fails ?? (ahead === undefined ? '' : `${(ahead / MiB).toFixed(1)} MiB ahead`);
  return `${label(x, y + 22, 'title', name)}
${label(x + PANEL, y + 22, 'quiet', note, 'end')}
<line x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>
<line x1="${x}" x2="${x + PANEL}" y1="${bottom}" y2="${bottom}"/>
<polyline class="line sent" points="${points(1)}"/>
<polyline class="line received" points="${points(2)}"/>
${label(x, bottom + 15, 'quiet', '0')}
${label(x + PANEL, bottom + 15, 'quiet', `${seconds.toFixed(1)} s`, 'end')}`;
}
