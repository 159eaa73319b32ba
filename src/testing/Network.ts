import { Subscription, type Observable } from 'rxjs';
import { Reentrant } from '../streams/Reentrant.js';
import { reportError } from '../streams/reportError.js';
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
  // The time up to which everything is delivered.
  #reached = -Infinity;
  readonly #delivery = new Reentrant(() => this.#deliver());
  #timer: Subscription | undefined;
  #timerAt = Infinity;

  constructor(traits: NetworkTraits) {
    this.traits = traits;
    this.takesTime = traits.latency > 0 || traits.bandwidth < Infinity;
    this.lines = [new NetworkLine(this), new NetworkLine(this)];
  }

  clogWhile(clogged$: Observable<boolean>): void {
    const subscription = clogged$.subscribe({
      next: (clogged) => {
        this.#clogged = clogged;
        this.pump();
      },
      error: (error: unknown) => {
        for (const { to } of this.lines) to.lose(error);
        this.pump();
      },
    });
    attempt(() => this.#resources.add(subscription));
  }

  now(): number {
    return this.traits.scheduler.now();
  }

  nextOrder(): number {
    return this.#sent++;
  }

  /** Delivers whatever is due. A timer may fire a little early: then `until` is the time that it stands for. */
  pump(until = -Infinity): void {
    const now = Math.max(until, this.now());
    this.#reached = this.#delivery.running ? Math.max(now, this.#reached) : now;
    this.#delivery.run();
    if (!this.#delivery.running) this.#setTimer();
  }

  #deliver(): void {
    for (let line = this.#next(); line !== undefined; line = this.#next()) line.deliver(this.#reached);
  }

  #next(): NetworkLine | undefined {
    if (this.#clogged) return undefined;
    const reached = this.#reached;
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
      one.clear();
      other.clear();
      attempt(() => this.#resources.unsubscribe());
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

// The teardown of `clogged$` is not ours, and the connection that ends is not its.
function attempt(call: () => void): void {
  try {
    call();
  } catch (error) {
    reportError(error);
  }
}
