import type { Report } from './messages.js';
import type { Outcome } from './Outcome.js';
import type { RollingEvent, WorkerPhase } from './rolling.js';

export interface WorkerState {
  readonly id: number;
  readonly place: number;
  pid: number | undefined;
  phase: WorkerPhase;
  connections: number;
  /** Since it was started. */
  answers: number;
  /** Requests a second, of late. */
  rate: number;
  /** Bytes. */
  rss: number;
}

/** What is known of the cluster, by what it has told. */
export class ClusterState {
  /** Those that run, in the order of their places. */
  workers: readonly WorkerState[] = [];
  readonly rounds = { done: 0, failed: 0 };
  isRolling = false;
  readonly load = { answered: 0, failed: 0 };
  lastFailure: string | undefined;
  ports: { readonly short: number; readonly lines: number } | undefined;

  get heading(): string {
    const { ports } = this;
    return ports === undefined
      ? 'Starting …'
      : `Short connections on port ${ports.short}, keep-alive on port ${ports.lines}`;
  }

  /** Takes what has happened; says it in a line, if it is worth one. */
  take(event: RollingEvent<Report>): string | undefined {
    switch (event.type) {
      case 'worker':
        return this.#phase(event.id, event.place, event.phase);
      case 'restart':
        return `place ${event.place} is filled again in ${event.delay} ms`;
      case 'roll':
        return this.#roll(event.state);
      case 'report':
        return this.#report(event.id, event.report);
    }
  }

  /** Takes the end of a request of the load. */
  count({ error }: Outcome): void {
    if (error === undefined) this.load.answered++;
    else {
      this.load.failed++;
      this.lastFailure = error.message;
    }
  }

  #phase(id: number, place: number, phase: WorkerPhase): string {
    const isOver = phase === 'ended' || phase === 'crashed' || phase === 'killed';
    const known = this.#find(id);
    const { pid } = known ?? {};
    if (known !== undefined) known.phase = phase;
    else this.#add({ id, place, pid: undefined, phase, connections: 0, answers: 0, rate: 0, rss: 0 });
    if (isOver) this.workers = this.workers.filter((worker) => worker !== known);
    return `worker ${id}${pid === undefined ? '' : ` (pid ${pid})`} ${WORDS[phase]}`;
  }

  #add(worker: WorkerState): void {
    this.workers = [...this.workers, worker].sort((a, b) => a.place - b.place || a.id - b.id);
  }

  #roll(state: 'begun' | 'done' | 'failed'): string {
    this.isRolling = state === 'begun';
    if (state === 'begun') return 'the workers are replaced';
    this.rounds[state]++;
    return state === 'done'
      ? 'the workers are replaced: done'
      : 'a new worker did not come to serve: the old ones go on';
  }

  #report(id: number, report: Report): string | undefined {
    const worker = this.#find(id);
    switch (report.type) {
      case 'started':
        if (worker !== undefined) worker.pid = report.pid;
        return undefined;
      case 'ready':
        return undefined;
      case 'listening':
        return this.#listening(report.shortPort, report.linesPort);
      case 'stats':
        if (worker === undefined) return undefined;
        worker.rate = report.answers - worker.answers;
        worker.answers = report.answers;
        worker.connections = report.connections;
        worker.rss = report.rss;
        return undefined;
      case 'exit':
        return report.code === 0
          ? undefined
          : `worker ${id} ended with ${report.signal ?? report.code ?? '?'}`;
      case 'error':
        return `worker ${id}: ${report.error.message}`;
    }
  }

  #listening(short: number, lines: number): string | undefined {
    if (this.ports !== undefined) return undefined;
    this.ports = { short, lines };
    return `${this.heading}\nReplace them by kill -HUP ${process.pid}`;
  }

  #find(id: number): WorkerState | undefined {
    return this.workers.find((worker) => worker.id === id);
  }
}

const WORDS: Record<WorkerPhase, string> = {
  starting: 'starts',
  serving: 'serves',
  stopping: 'is stopping',
  ended: 'has ended',
  crashed: 'has crashed',
  killed: 'was killed',
};
