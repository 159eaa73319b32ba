import { table } from '../report/markdown.js';
import { MiB, PARTS, type TransferResult } from './Transfer.js';

/** A run of all transfers, as it is kept in JSON. */
export interface PageReport {
  readonly date: string;
  readonly machine: string;
  readonly versions: readonly string[];
  readonly mib: number;
  readonly transfers: readonly TransferResult[];
}

/** What ran, where and when. */
export function pageHeading({ date, machine, versions, mib }: PageReport): string {
  return `- ${date}, ${machine}\n- ${versions.join(', ')}\n- ${mib} MiB each, every byte checked\n`;
}

export function transferTable(transfers: readonly TransferResult[]): string {
  const head = ['', 'flow control', 'ahead, MiB', 'MB/s', ...PARTS, 'JavaScript', 'outcome'];
  return table(head, transfers.map(cells));
}

/** All of it, as a page. */
export function resultsPage(report: PageReport): string {
  return `# Results of \`npm run bench:page\`

${pageHeading(report)}
A server of TCP, the gateway of the examples and a page in Chromium, each in a process of its own; \`down\` is to the page, \`up\`
from it. The end that receives takes a quarter, stalls until nothing moves any more, and goes on.

![How far both ends of each transfer were](page.svg)

${transferTable(report.transfers)}

- **ahead**: what the sending end had got rid of by then, and the stalled one had not taken. Most of that is in the kernel, which
  has the buffers of two connections to fill.
- **MB/s**: at the receiving end, the stall not counted. All processes share the machine's cores.
- **page, network, gateway, server**: MiB, the most resident memory of each process above what it began with. \`network\` is the
  process of Chromium that speaks with the network. **JavaScript**: MiB, the most that the page's heap grew by.
- **outcome**: nothing stops who sends to a plain \`WebSocket\`. Where the page stalls too long, its connection is lost: it gets
  what had come by then, and then the error.

\`page.json\` has how far both ends were at each moment.
`;
}

function cells({
  name,
  flowControl,
  ahead,
  speed,
  memory,
  heap,
  outcome,
  received,
}: TransferResult): string[] {
  const mib = (bytes: number): string => (bytes / MiB).toFixed(bytes < 9.95 * MiB ? 1 : 0);
  return [
    name,
    flowControl,
    ahead === undefined ? '–' : mib(ahead),
    (speed / 1e6).toFixed(0),
    ...PARTS.map((part) => mib(memory[part])),
    mib(heap),
    outcome === 'complete'
      ? outcome
      : `${/\w+(?=:[^←]*$)/.exec(outcome)?.[0] ?? outcome} after ${mib(received)}`,
  ];
}
