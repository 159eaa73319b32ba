type Method = (this: unknown[], ...args: unknown[]) => unknown;

/** How many items arrays move during a call: what `shift`, `splice` and their like cost, so that no clock is needed. */
export function movedItems(call: () => void): number {
  const methods = ['shift', 'unshift', 'splice', 'slice'] as const;
  const owner = Array.prototype as unknown as Record<string, Method>;
  const originals = methods.map((name) => owner[name]!);
  let moved = 0;
  methods.forEach((name, i) => {
    owner[name] = function (...args) {
      moved += this.length;
      return originals[i]!.apply(this, args);
    };
  });
  try {
    call();
  } finally {
    methods.forEach((name, i) => (owner[name] = originals[i]!));
  }
  return moved;
}
