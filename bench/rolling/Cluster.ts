import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, Subject, take, timeout, toArray } from 'rxjs';
import type { WorkerSettings } from '../../examples/cluster/messages.js';
import type { SuperviseEvent } from '../../examples/cluster/supervise.js';

const PROGRAM = fileURLToPath(new URL('./primary.js', import.meta.url));

/** A cluster takes its time on a busy machine, but not for ever. */
const PATIENCE_MS = 120_000;

/** A cluster whose primary is a process of its own. */
export class Cluster {
  readonly #events$ = new Subject<SuperviseEvent>();
  /** Of the workers that serve. */
  readonly pids = new Map<number, number>();
  readonly #primary: ChildProcess;

  private constructor(settings: WorkerSettings & { workers: number }) {
    this.#primary = fork(PROGRAM, [JSON.stringify(settings)]);
    this.#primary.on('message', (event: SuperviseEvent) => {
      this.#take(event);
      this.#events$.next(event);
    });
    process.on('exit', () => this.#primary.kill('SIGKILL'));
  }

  /** The pid of the primary. */
  get primary(): number {
    return this.#primary.pid!;
  }

  /** Resolves when all workers listen. */
  static async start(
    settings: WorkerSettings & { workers: number },
  ): Promise<{ cluster: Cluster; shortPort: number; linesPort: number }> {
    const cluster = new Cluster(settings);
    const listening = await firstValueFrom(
      cluster.#events$.pipe(
        filter((event) => event.type === 'report'),
        filter(({ report }) => report.type === 'listening'),
        take(settings.workers),
        toArray(),
        timeout(PATIENCE_MS),
      ),
    );
    const { report } = listening[0]!;
    if (report.type !== 'listening') throw new Error('No report of a worker that listens');
    return { cluster, shortPort: report.shortPort, linesPort: report.linesPort };
  }

  /** Replaces all workers. Resolves when that is over: `done`, or `failed`. */
  async roll(): Promise<string> {
    const over = this.#next((event) => event.type === 'roll' && event.state !== 'begun');
    this.#primary.kill('SIGHUP');
    const event = await over;
    return event.type === 'roll' ? event.state : '';
  }

  /** Kills one worker. Resolves when the primary has noticed. */
  async killOne(): Promise<number> {
    const [id, pid] = [...this.pids][0]!;
    const crashed = this.#next((event) => event.type === 'worker' && event.id === id);
    process.kill(pid, 'SIGKILL');
    await crashed;
    return pid;
  }

  /** Resolves when a worker serves. */
  async served(): Promise<void> {
    await this.#next((event) => event.type === 'worker' && event.phase === 'serving');
  }

  /** Resolves with the exit code when all have ended. */
  async stop(): Promise<number | null> {
    const exit = once(this.#primary, 'exit');
    this.#primary.kill('SIGTERM');
    const [code] = (await exit) as [number | null];
    return code;
  }

  #next(predicate: (event: SuperviseEvent) => boolean): Promise<SuperviseEvent> {
    return firstValueFrom(this.#events$.pipe(filter(predicate), timeout({ first: PATIENCE_MS })));
  }

  #take(event: SuperviseEvent): void {
    if (event.type === 'report' && event.report.type === 'started') this.pids.set(event.id, event.report.pid);
    else if (event.type === 'worker' && event.phase !== 'starting' && event.phase !== 'serving')
      this.pids.delete(event.id);
  }
}
