/** What is left alone, as it comes and goes by itself: a part of the mean. */
const TOLERANCE = 0.03;

/** Whose share is too large, and by how much: of as many connections as each worker has. */
export function excesses<K>(connections: ReadonlyMap<K, number>): Map<K, number> {
  const counts = [...connections.values()];
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const most = Math.max(mean * (1 + TOLERANCE), mean + 1);
  return new Map(
    [...connections]
      .filter(([, count]) => count > most)
      .map(([key, count]) => [key, Math.floor(count - mean)]),
  );
}
