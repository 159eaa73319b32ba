import type { SchedulerLike, Subscription } from 'rxjs';
import { LinkedList, type Place } from '../bytes/LinkedList.js';
import { Reentrant } from './Reentrant.js';

/** Bytes for one turn while others wait: so that nobody waits long for its own. */
const TURN = 16384;
/** What sums of fractions may be off by, in bytes. */
const ROUNDING = 1e-6;
/** What a timer can have, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Somebody who takes from a bucket, one request at a time. @internal */
export class Turn {
  /** While it waits. */
  place: Place<Turn> | undefined;
  /** Bytes that it has asked for. */
  wanted = 0;

  constructor(
    /** It is its turn: so many bytes may pass, at once. */
    readonly go: (bytes: number) => void,
  ) {}
}

/**
 * A bucket of tokens, one for each byte, that fills up as time goes by: what is in it may pass.
 *
 * Who finds too little waits in line, and is given what it asked for, or as much as a turn has, when that is there; for
 * more it has to ask again, behind the others. There is one scheduled action, at the time when the first in line can go
 * on, and none while nobody waits.
 *
 * @internal
 */
export class TokenBucket {
  readonly #scheduler: SchedulerLike;
  // By default as large as what passes in a tenth of a second.
  readonly #burst: number | undefined;
  #bytesPerSecond: number;
  #tokens: number;
  // When the tokens were counted.
  #at: number;
  readonly #line = new LinkedList<Turn>();
  readonly #serving = new Reentrant(() => this.#serve());
  #timer: Subscription | undefined;

  constructor(bytesPerSecond: number, burst: number | undefined, scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
    this.#bytesPerSecond = bytesPerSecond;
    this.#burst = burst;
    this.#tokens = this.burst;
    this.#at = scheduler.now();
  }

  now(): number {
    return this.#scheduler.now();
  }

  get burst(): number {
    return this.#burst ?? Math.max(1, Math.floor(this.#bytesPerSecond / 10));
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  set bytesPerSecond(bytesPerSecond: number) {
    this.#fill();
    this.#bytesPerSecond = bytesPerSecond;
    this.#serving.run();
  }

  /** How many of the bytes may pass at once. If none, `turn` waits in line, where it may be already. */
  ask(turn: Turn, wanted: number): number {
    const line = this.#line;
    if (turn.place !== undefined) return 0;
    const bytes = line.length === 0 ? this.#take(wanted, true) : 0;
    if (bytes > 0) return bytes;
    turn.wanted = wanted;
    turn.place = line.push(turn);
    if (line.length === 1) this.#schedule();
    return 0;
  }

  /** It has nothing to wait for any more. */
  cancel(turn: Turn): void {
    if (turn.place === undefined) return;
    const wasFirst = turn.place === this.#line.first;
    this.#leave(turn, turn.place);
    if (wasFirst) this.#schedule();
  }

  #serve(): void {
    for (let first = this.#line.first; first !== undefined; first = this.#line.first) {
      const turn = first.item;
      const bytes = this.#take(turn.wanted, this.#line.length === 1);
      if (bytes === 0) break;
      this.#leave(turn, first);
      turn.go(bytes);
    }
    this.#schedule();
  }

  #leave(turn: Turn, place: Place<Turn>): void {
    this.#line.remove(place);
    turn.place = undefined;
  }

  #take(wanted: number, alone: boolean): number {
    this.#fill();
    const tokens = this.#tokens + ROUNDING;
    const least = this.#least(wanted);
    if (this.#bytesPerSecond === 0 || tokens < least) return 0;
    const bytes = alone ? Math.min(wanted, Math.floor(tokens)) : least;
    this.#tokens -= bytes;
    return bytes;
  }

  /** For less it does not go on. */
  #least(wanted: number): number {
    return Math.min(wanted, TURN, this.burst);
  }

  #fill(): void {
    const now = this.#scheduler.now();
    // The clock may have been set back.
    const filled = (Math.max(0, now - this.#at) * this.#bytesPerSecond) / 1000;
    this.#at = now;
    this.#tokens = Math.min(this.burst, this.#bytesPerSecond === Infinity ? Infinity : this.#tokens + filled);
  }

  #schedule(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    const { first } = this.#line;
    // What runs does it at its end.
    if (first === undefined || this.#bytesPerSecond === 0) return;
    const missing = this.#least(first.item.wanted) - this.#tokens - ROUNDING;
    // Whole milliseconds, as timers have them: a little late, and no token is lost.
    const delay = Math.ceil((Math.max(0, missing) * 1000) / this.#bytesPerSecond);
    this.#timer = this.#scheduler.schedule(() => this.#serving.run(), Math.min(delay, LONGEST));
  }
}
