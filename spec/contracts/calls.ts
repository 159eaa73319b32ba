/**
 * How often a method of the platform is called meanwhile. For those that jasmine itself calls while it spies: there
 * `spyOn` would call itself for ever.
 */
export function calls<T>([owner, name]: [owner: T, name: keyof T], work: () => unknown): number {
  const method = owner[name] as (this: unknown, ...args: unknown[]) => unknown;
  let count = 0;
  owner[name] = function (this: unknown, ...args: unknown[]): unknown {
    count++;
    return method.apply(this, args);
  } as T[keyof T];
  try {
    work();
  } finally {
    owner[name] = method as T[keyof T];
  }
  return count;
}
