/** By value, also inside arrays, objects, maps, sets and byte arrays. @internal */
export function sameValue(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (one instanceof Date) return one.getTime() === (other as Date).getTime();
  // What an error says is no entry of it.
  if (one instanceof Error && one.message !== (other as Error).message) return false;
  const isIterable = Symbol.iterator in one;
  const [ours, theirs] = [one, other].map((value): unknown[] =>
    isIterable
      ? [...(value as Iterable<unknown>)]
      : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return ours!.length === theirs!.length && ours!.every((value, i) => sameValue(value, theirs![i]));
}
