import { Subscription, type SchedulerLike } from 'rxjs';
import { networkOf } from './addresses.js';

/** How many connections somebody may have. */
export interface Limit {
  /** Open at the same time. */
  readonly open: number;
  /** New ones in any minute. */
  readonly perMinute: number;
}

export interface Limits {
  /** For each address; for IPv6, each /64. */
  readonly address: Limit;
  /** For each origin: all users of one site together. What is no browser has no origin: all of that together. */
  readonly origin: Limit;
  /** For all together, as whoever is no browser can say that he comes from anywhere. */
  readonly gateway: Limit;
}

export const DEFAULT_LIMITS: Limits = {
  address: { open: 100, perMinute: 300 },
  origin: { open: 1000, perMinute: 6000 },
  gateway: { open: 2000, perMinute: 12_000 },
};

/** There are as many connections as may be. The message says of what, and names nobody. */
export class TooManyConnections extends Error {
  override readonly name = 'TooManyConnections';
}

const MINUTE_MS = 60_000;

type Keys = readonly [of: keyof Limits, key: string][];

/**
 * Counts connections by address, by origin and in all. It knows of those that are open, and of those of the last minute,
 * which are no more than the limit of the gateway: so nobody fills its memory, however many addresses he has.
 */
export class ConnectionLimits {
  readonly #limits: Limits;
  readonly #scheduler: SchedulerLike;
  readonly #counts = new Map<string, { open: number; recent: number }>();
  // Of the last minute, the oldest first: a set keeps the order.
  readonly #admissions = new Set<{ time: number; keys: Keys }>();

  constructor(limits: Limits, scheduler: SchedulerLike) {
    this.#limits = limits;
    this.#scheduler = scheduler;
  }

  /** How many counts it keeps. */
  get size(): number {
    return this.#counts.size;
  }

  /**
   * Takes a place for a new connection; unsubscribing gives it back.
   *
   * @throws `TooManyConnections`
   */
  admit(peer: string, origin = ''): Subscription {
    const now = this.#scheduler.now();
    this.#forget(now - MINUTE_MS);
    const keys: Keys = [
      ['address', networkOf(peer)],
      ['origin', origin],
      ['gateway', ''],
    ];
    this.#check(keys);
    this.#count(keys, 1, 1);
    this.#admissions.add({ time: now, keys });
    return new Subscription(() => this.#count(keys, -1, 0));
  }

  #forget(upTo: number): void {
    for (const admission of this.#admissions) {
      if (admission.time > upTo) return;
      this.#admissions.delete(admission);
      this.#count(admission.keys, 0, -1);
    }
  }

  #check(keys: Keys): void {
    for (const [of, key] of keys) {
      const { open, recent } = this.#counts.get(`${of} ${key}`) ?? { open: 0, recent: 0 };
      const limit = this.#limits[of];
      if (open >= limit.open) throw new TooManyConnections(`too many connections of this ${of}`);
      if (recent >= limit.perMinute) throw new TooManyConnections(`too many new connections of this ${of}`);
    }
  }

  #count(keys: Keys, open: number, recent: number): void {
    for (const [of, key] of keys) {
      const count = this.#counts.get(`${of} ${key}`) ?? { open: 0, recent: 0 };
      count.open += open;
      count.recent += recent;
      if (count.open + count.recent === 0) this.#counts.delete(`${of} ${key}`);
      else this.#counts.set(`${of} ${key}`, count);
    }
  }
}
