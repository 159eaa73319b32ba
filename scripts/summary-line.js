/**
 * The one line each test runner ends with, e.g. `node: 312 passed, 0 failed, 2 skipped`. It stands alone on its
 * line so that people and programs find it in a long log.
 *
 * @param {string} name
 * @param {{ passed: number, failed: number, skipped?: number }} counts
 */
export function summaryLine(name, { passed, failed, skipped = 0 }) {
  return `${name}: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
