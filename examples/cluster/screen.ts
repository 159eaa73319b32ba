import type { ClusterState } from './ClusterState.js';

const CLEAR = '\x1b[H\x1b[2J';
const MIB = 2 ** 20;

/** The cluster on one screen. */
export function screen(state: ClusterState, said: readonly string[]): string {
  const { workers, isRolling } = state;
  const rows = workers.map(({ place, id, pid, phase, connections, rate, answers, rss }) => [
    place,
    id,
    pid ?? '',
    phase,
    connections,
    rate,
    answers,
    rss === 0 ? '' : (rss / MIB).toFixed(0),
  ]);
  return [
    `${CLEAR}${state.heading}`,
    '',
    row(['place', 'worker', 'pid', 'phase', 'connections', 'requests/s', 'requests', 'MiB']),
    ...rows.map(row),
    '',
    `${isRolling ? 'The workers are being replaced, one by one.' : 'All serve.'} ${totals(state)}`,
    '',
    ...said.map((line) => `  ${line}`),
    '',
    `r, or kill -HUP ${process.pid}: replace all   k: kill -9 one   q: stop`,
  ].join('\n');
}

/** The same in one line. */
export function summary(state: ClusterState): string {
  const rates = state.workers.map(({ rate }) => rate).join(' + ');
  const connections = state.workers.reduce((sum, worker) => sum + worker.connections, 0);
  return `${rates} requests/s, ${connections} connections; ${totals(state)}`;
}

function totals({ load, lastFailure, rounds }: ClusterState): string {
  const failure = lastFailure === undefined ? '' : ` (${lastFailure})`;
  return `Replaced ${rounds.done} times. The load: ${load.answered} answered, ${load.failed} failed${failure}`;
}

function row(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, i) => (i === 3 ? String(cell).padEnd(10) : String(cell).padStart(i < 3 ? 7 : 11)))
    .join(' ');
}
