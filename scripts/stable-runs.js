/**
 * Loaded before the specs of a mutation run: the same random values in each run, fewer of them, and no search for a
 * smaller counterexample. A mutant then dies or survives for the same reason every time.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: 13, numRuns: 10, endOnFailure: true });
