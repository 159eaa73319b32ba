import fc from 'fast-check';
import { LinkedList, type Place } from '../../src/bytes/LinkedList.js';

function itemsOf<T>({ first, last, length }: LinkedList<T>): T[] {
  const forward: T[] = [];
  const backward: T[] = [];
  for (let place = first; place !== undefined; place = place.next) forward.push(place.item);
  for (let place = last; place !== undefined; place = place.previous) backward.unshift(place.item);
  expect(backward).toEqual(forward);
  expect(length).toBe(forward.length);
  return forward;
}

describe('LinkedList', () => {
  it('is an array with push, shift, and the removal of any item', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 40 }), { maxLength: 100 }), (steps) => {
        const list = new LinkedList<number>();
        const places: Place<number>[] = [];
        let model: number[] = [];
        for (const [i, step] of steps.entries()) {
          if (step < 0) {
            expect(list.shift()).toBe(model.shift());
          } else if (step < places.length) {
            list.remove(places[step]!);
            model = model.filter((item) => item !== places[step]!.item);
          } else {
            places.push(list.push(i));
            model.push(i);
          }
          expect(itemsOf(list)).toEqual(model);
        }
      }),
    );
  });

  it('leads on from a place that was removed', () => {
    const list = new LinkedList<string>();
    const [a] = ['a', 'b', 'c'].map((item) => list.push(item));
    list.remove(a!);
    list.remove(a!);
    expect(a!.next!.item).toBe('b');
    expect(itemsOf(list)).toEqual(['b', 'c']);
  });

  it('gives up its first, its last and one in between', () => {
    for (const [taken, left] of [
      [0, ['b', 'c']],
      [1, ['a', 'c']],
      [2, ['a', 'b']],
    ] as const) {
      const list = new LinkedList<string>();
      const places = ['a', 'b', 'c'].map((item) => list.push(item));
      list.remove(places[taken]!);
      expect(itemsOf(list)).toEqual([...left]);
      list.push('d');
      expect(itemsOf(list)).toEqual([...left, 'd']);
    }
  });

  it('leaves alone what lies in another list', () => {
    const [one, other] = [new LinkedList<string>(), new LinkedList<string>()];
    one.push('a');
    const place = other.push('b');
    one.remove(place);
    expect([itemsOf(one), itemsOf(other)]).toEqual([['a'], ['b']]);
  });

  it('gives up all its items at once', () => {
    const list = new LinkedList<string>();
    const place = list.push('a');
    list.push('b');
    list.clear();
    expect(itemsOf(list)).toEqual([]);
    list.remove(place);
    list.push('c');
    expect(itemsOf(list)).toEqual(['c']);
  });
});
