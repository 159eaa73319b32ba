import { ByteQueue } from '../../src/index.js';
import { Pattern } from '../../src/bytes/Pattern.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Cost = (of: unknown, args: unknown[], result: unknown) => number;

const one: Cost = () => 1;
const lengthOf = (of: unknown): number => (of as { length: number }).length;

// What a decoder can spend its time on: looking at bytes one at a time, searching, copying and turning them into text.
const counted: [owner: object, method: string, cost: Cost][] = [
  ...['peek', 'skip', 'takeExactly', 'takeText', 'takeUint8', 'takeUint16', 'takeUint32', 'takeInteger'].map(
    (method): [object, string, Cost] => [ByteQueue.prototype, method, one],
  ),
  [Pattern.prototype, 'scan', (pattern, [, from]) => (pattern as Pattern).end - (from as number)],
  [typedArray(), 'lastIndexOf', (array, _, at) => lengthOf(array) - Math.max(0, at as number)],
  [typedArray(), 'set', (_, [source]) => lengthOf(source)],
  [typedArray(), 'slice', (_array, _args, copy) => lengthOf(copy)],
  [TextDecoder.prototype, 'decode', (_, [data]) => lengthOf(data)],
];

function typedArray(): object {
  return Object.getPrototypeOf(Uint8Array.prototype) as object;
}

/** How much is done with bytes during a call, in bytes: so that a spec can say what a decoder costs without a clock. */
export function work(run: () => void): number {
  let total = 0;
  const originals = counted.map(([owner, method]) => (owner as Record<string, Method>)[method]!);
  counted.forEach(([owner, method, cost], i) => {
    (owner as Record<string, Method>)[method] = function (...args) {
      const result = originals[i]!.apply(this, args);
      total += cost(this, args, result);
      return result;
    };
  });
  try {
    run();
  } finally {
    counted.forEach(([owner, method], i) => ((owner as Record<string, Method>)[method] = originals[i]!));
  }
  return total;
}
