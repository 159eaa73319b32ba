/** First in, first out, at the same cost however many wait: `Array.shift` moves all that come after. @internal */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The one that has waited longest. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the one that has waited longest. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      // A queue that is never empty must not keep the places of all that were ever in it.
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes back the one that came last. */
  pop(): void {
    // The places before the head are kept: taking one of them would make the length negative.
    if (this.length > 0) this.#items.pop();
  }
}
