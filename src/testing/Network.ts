import { Subscription, type Observable } from 'rxjs';
import { NetworkLine, type NetworkClock, type NetworkTraits } from './NetworkLine.js';

const LONGEST_TIMER = 2 ** 31 - 1;

/** The two directions, and when each of them is served. @internal */
export class Network implements NetworkClock {
  readonly traits: NetworkTraits;
  readonly lines: readonly [NetworkLine, NetworkLine];
  readonly takesTime: boolean;
  readonly #resources = new Subscription();
  #sent = 0;
  #clogged = false;
  #pumping = false;
  #timer: Subscription | undefined;
  #timerAt = Infinity;

  constructor(traits: NetworkTraits) {
    this.traits = traits;
    this.takesTime = traits.latency > 0 || traits.bandwidth < Infinity;
    this.lines = [new NetworkLine(this), new NetworkLine(this)];
  }

  clogWhile(clogged$: Observable<boolean>): void {
    this.#resources.add(
      clogged$.subscribe({
        next: (clogged) => {
          this.#clogged = clogged;
          this.pump();
        },
        error: (error: unknown) => {
          for (const { to } of this.lines) to.lose(error);
          this.pump();
        },
      }),
    );
  }

  now(): number {
    return this.traits.scheduler.now();
  }

  nextOrder(): number {
    return this.#sent++;
  }

  /** Delivers whatever is due. A timer may fire a little early: then `until` is the time that it stands for. */
  pump(until = -Infinity): void {
    // An end that answers from inside comes here again: the outermost call does it all, and the stack stays flat.
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (;;) {
        const reached = Math.max(until, this.now());
        const line = this.#next(reached);
        if (line === undefined) break;
        line.deliver(reached);
      }
    } finally {
      this.#pumping = false;
    }
    this.#setTimer();
  }

  #next(reached: number): NetworkLine | undefined {
    if (this.#clogged) return undefined;
    const [one, other] = this.lines;
    const oneReady = one.readyAt <= reached;
    if (!(other.readyAt <= reached)) return oneReady ? one : undefined;
    if (!oneReady) return other;
    const oneFirst = one.readyAt === other.readyAt ? one.order <= other.order : one.readyAt < other.readyAt;
    return oneFirst === (this.traits.chaos?.turn() ?? false) ? other : one;
  }

  #setTimer(): void {
    const [one, other] = this.lines;
    if (one.to.state === 'closed' && other.to.state === 'closed') {
      this.#resources.unsubscribe();
      one.clear();
      other.clear();
    }
    const at = this.#clogged ? Infinity : Math.min(one.readyAt, other.readyAt);
    if (at === this.#timerAt) return;
    this.#timer?.unsubscribe();
    this.#timerAt = at;
    if (at === Infinity) return;
    const delay = Math.max(0, at - this.now());
    this.#timer = this.traits.scheduler.schedule(
      () => {
        this.#timerAt = Infinity;
        this.pump(delay > LONGEST_TIMER ? undefined : at);
      },
      Math.min(delay, LONGEST_TIMER),
    );
  }
}
