/** Where instrumented code finds its counters, a number for each block. */
export const COUNTERS = '__blockCounts';
