/**
 * How often a method of the platform is called meanwhile. For those that jasmine itself calls while it spies: there
 * `spyOn` would call itself for ever.
 */
export function calls<T, K extends keyof T>([owner, name]: [owner: T, name: K], work: () => unknown): number {
  const method = owner[name] as (this: unknown, ...args: unknown[]) => unknown;
  let count = 0;
  owner[name] = function (this: unknown, ...args: unknown[]): unknown {
    count++;
    return method.apply(this, args);
  } as T[K];
  try {
    work();
  } finally {
    owner[name] = method as T[K];
  }
  return count;
}
