import { summaryLine } from './summary-line.js';

const CONNECTION_LOST = `  karma's connection to the page has broken. A message of more than 100 MB does that, as of a spec that logs
  as much.`;

/**
 * A karma reporter that prints failures, skipped specs with their reason, and one summary line.
 *
 * @param {(error: unknown, indentation?: string) => string} formatError karma's own, which applies source maps
 */
export function KarmaSummaryReporter(formatError) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  /** @type {string[]} */
  const pending = [];
  let complete = false;

  /** @param {string} title @param {string} details */
  function fail(title, details) {
    counts.failed++;
    console.log(`\nFAILED ${title}\n${details.trimEnd()}`);
  }

  return {
    adapters: [],
    /** @param {unknown} _browser @param {any} result */
    onSpecComplete(_browser, result) {
      if (result.pending) {
        counts.skipped++;
      } else if (!result.skipped && result.success) {
        counts.passed++;
      } else if (!result.skipped) {
        fail(result.fullName, result.log.map((/** @type {string} */ log) => formatError(log, '  ')).join(''));
      }
    },
    /** @param {unknown} _browser @param {any} info sent by scripts/browser/around-the-specs.js */
    onBrowserInfo(_browser, info) {
      if (info.event === 'pending')
        pending.push(`${info.fullName}: ${info.pendingReason || 'no reason given'}`);
    },
    /** @param {unknown} _browser @param {unknown} error */
    onBrowserError(_browser, error) {
      fail('outside of any spec', formatError(error, '  '));
    },
    /** @param {unknown} _browser @param {unknown} log @param {string} type */
    onBrowserLog(_browser, log, type) {
      console.log(`[${type}] ${typeof log === 'string' ? log : JSON.stringify(log)}`);
    },
    /** @param {any} browsers @param {{ exitCode: number, disconnected?: boolean }} results */
    onRunComplete(browsers, results) {
      // karma completes a run twice when an error was reported shortly before its end.
      if (complete) return;
      complete = true;
      if (counts.passed + counts.failed === 0) fail('no spec has run', '  Is the filter right?');
      else if (results.exitCode !== 0 && counts.failed === 0) {
        fail(
          'the run',
          `  karma ended it with code ${results.exitCode}, browser disconnected: ${Boolean(results.disconnected)}`,
        );
      }
      browsers.forEach((/** @type {any} */ { lastResult: { total, success, failed, skipped } }) => {
        const lost = total - success - failed - skipped;
        if (lost > 0) fail(`${lost} of ${total} specs: their results did not arrive`, CONNECTION_LOST);
      });
      if (pending.length > 0) console.log(`\nSKIPPED\n${pending.join('\n').replace(/^/gm, '  ')}`);
      console.log(`\n${summaryLine('chromium', counts)}`);
    },
    /** @param {(code: number) => void} done karma exits with this code unless it is 0 */
    onExit(done) {
      done(counts.failed > 0 ? 1 : 0);
    },
  };
}
KarmaSummaryReporter.$inject = ['formatError'];
