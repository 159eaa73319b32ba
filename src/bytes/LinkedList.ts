/** The place of an item in a list. Also when it has been removed it leads on, for whoever stands there. @internal */
export class Place<T> {
  next: Place<T> | undefined;
  previous: Place<T> | undefined;
  list: LinkedList<T> | undefined;

  constructor(readonly item: T) {}
}

/** A list that gives up any of its items at the same cost, however many there are. @internal */
export class LinkedList<T> {
  length = 0;
  first: Place<T> | undefined;
  last: Place<T> | undefined;

  push(item: T): Place<T> {
    const place = new Place(item);
    place.list = this;
    place.previous = this.last;
    if (this.last === undefined) this.first = place;
    else this.last.next = place;
    this.last = place;
    this.length++;
    return place;
  }

  /** Does nothing if it is not there, or no longer. */
  remove(place: Place<T>): void {
    if (place.list !== this) return;
    const { next, previous } = place;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    place.list = undefined;
    this.length--;
  }

  /** Takes the one that has been there longest. */
  shift(): T | undefined {
    const { first } = this;
    if (first !== undefined) this.remove(first);
    return first?.item;
  }

  clear(): void {
    while (this.length > 0) this.shift();
  }
}
