import fc from 'fast-check';

/** So many runs of a property, or the same share of them if fast-check was set to fewer than its 100: npm run mutation. */
export function runs(count: number): { numRuns: number } {
  return { numRuns: Math.ceil((count * (fc.readConfigureGlobal().numRuns ?? 100)) / 100) };
}
