import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';

interface Entry {
  readonly value: string;
  expiry: Expiry | undefined;
}

/** Keys and their values, which may expire. All time comes from the scheduler, so that tests can make it pass. */
export class Store {
  readonly #entries = new Map<string, Entry>();
  readonly #scheduler: SchedulerLike;

  constructor(scheduler: SchedulerLike = asyncScheduler) {
    this.#scheduler = scheduler;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): string | undefined {
    return this.#entries.get(key)?.value;
  }

  /** The time to live of a key that was there ends, unless it is kept. */
  set(key: string, value: string, keepExpiry = false): void {
    const before = this.#entries.get(key);
    if (!keepExpiry) before?.expiry?.cancel();
    this.#entries.set(key, { value, expiry: keepExpiry ? before?.expiry : undefined });
  }

  delete(key: string): boolean {
    this.#entries.get(key)?.expiry?.cancel();
    return this.#entries.delete(key);
  }

  clear(): void {
    for (const { expiry } of this.#entries.values()) expiry?.cancel();
    this.#entries.clear();
  }

  /** Whether the key is there, to be deleted in so many milliseconds. */
  expire(key: string, milliseconds: number): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    if (milliseconds <= 0) return this.delete(key);
    entry.expiry?.cancel();
    entry.expiry = new Expiry(this.#scheduler, milliseconds, () => this.#entries.delete(key));
    return true;
  }

  /** Whether the key had a time to live, and has none now. */
  persist(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry?.expiry === undefined) return false;
    entry.expiry.cancel();
    entry.expiry = undefined;
    return true;
  }

  /** The milliseconds that a key has left: -1 if it does not expire, -2 if there is none, as Redis has it. */
  timeToLive(key: string): number {
    const entry = this.#entries.get(key);
    if (entry === undefined) return -2;
    return entry.expiry === undefined ? -1 : entry.expiry.left();
  }
}

/** JavaScript's timers are no longer than this, 25 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

class Expiry {
  readonly #scheduler: SchedulerLike;
  readonly #deadline: number;
  readonly #onEnd: () => void;
  #timer: Subscription;

  constructor(scheduler: SchedulerLike, milliseconds: number, onEnd: () => void) {
    this.#scheduler = scheduler;
    this.#deadline = scheduler.now() + milliseconds;
    this.#onEnd = onEnd;
    this.#timer = this.#wait();
  }

  left(): number {
    return Math.max(0, this.#deadline - this.#scheduler.now());
  }

  cancel(): void {
    this.#timer.unsubscribe();
  }

  #wait(): Subscription {
    return this.#scheduler.schedule(
      () => {
        if (this.left() > 0) this.#timer = this.#wait();
        else this.#onEnd();
      },
      Math.min(this.left(), LONGEST_TIMER),
    );
  }
}
