/** How often, and for how long, one side of a connection has stood still. In milliseconds. @internal */
export class Standstill {
  count = 0;
  #total = 0;
  #since: number | undefined;

  begin(now: number): void {
    this.count++;
    this.#since = now;
  }

  /** Returns how long it was. */
  end(now: number): number {
    const milliseconds = this.current(now);
    this.#total += milliseconds;
    this.#since = undefined;
    return milliseconds;
  }

  get isNow(): boolean {
    return this.#since !== undefined;
  }

  /** For how long it has stood still by now: 0 while it goes on. */
  current(now: number): number {
    return this.#since === undefined ? 0 : now - this.#since;
  }

  total(now: number): number {
    return this.#total + this.current(now);
  }
}
