/**
 * Runs the platform-neutral specs in headless Chromium:
 *
 *   npm run test:chromium -- [--filter=REGEXP] [--seed=N]
 */
import { readFileSync } from 'node:fs';
import { startRelay } from './scripts/browser/relay.js';
import { bundleSpecs } from './scripts/bundle-specs.js';
import { findChromium } from './scripts/find-chromium.js';
import { KarmaSummaryReporter } from './scripts/karma-summary-reporter.js';
import { specFiles } from './scripts/spec-files.js';
import { summaryLine } from './scripts/summary-line.js';

const OUT = 'build/browser';

/** Gives karma the source map of each bundle, so that stacks name the .ts file. */
function attachSourceMap() {
  return (
    /** @type {string} */ content,
    /** @type {any} */ file,
    /** @type {(content: string) => void} */ done,
  ) => {
    file.sourceMap = JSON.parse(readFileSync(`${file.originalPath}.map`, 'utf8'));
    done(content);
  };
}

async function bundles() {
  const specs = specFiles('browser');
  if (specs.length === 0) throw new Error('there is no spec that runs in a browser');
  return bundleSpecs(specs, OUT);
}

export default async (/** @type {any} */ config) => {
  // karma puts options of its command line that it does not know into the config.
  const { filter, seed = Math.floor(Math.random() * 100_000) } = config;
  process.env.CHROME_BIN = await findChromium();
  const entries = await bundles().catch((/** @type {unknown} */ error) => {
    // esbuild has already shown where. karma would print a page of its own stack and no summary.
    console.log(
      `\nFAILED to bundle the specs\n  ${error instanceof Error ? error.message : String(error)}\n\n${summaryLine('chromium', { passed: 0, failed: 1 })}`,
    );
    process.exit(1);
  });
  const relay = await startRelay();
  console.log(`Chromium, ${entries.length} spec files, --seed=${seed}`);

  config.set({
    frameworks: ['jasmine'],
    plugins: [
      'karma-jasmine',
      'karma-chrome-launcher',
      {
        'preprocessor:source-map': ['factory', attachSourceMap],
        'reporter:summary': ['type', KarmaSummaryReporter],
        'reporter:stop-relay': [
          'value',
          { onExit: (/** @type {() => void} */ done) => relay.close().then(done) },
        ],
      },
    ],
    files: [
      'scripts/browser/around-the-specs.js',
      ...entries.map((pattern) => ({ pattern, type: 'module' })),
      { pattern: `${OUT}/**/*`, included: false },
    ],
    preprocessors: { [`${OUT}/**/*.js`]: ['source-map'] },
    reporters: ['summary', 'stop-relay'],
    client: {
      relay: { url: relay.url, silentUrl: relay.silentUrl },
      args: filter === undefined ? [] : ['--grep', `/${filter}/`],
      jasmine: { random: true, seed, failSpecWithNoExpectations: true, forbidDuplicateNames: true },
    },
    browsers: ['Chromium'],
    customLaunchers: {
      Chromium: {
        base: 'ChromeHeadless',
        flags: [
          // Any free port: two runs on one machine must not meet.
          '--remote-debugging-port=0',
          '--disable-quic',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
          // Chromium's sandbox refuses to run as root, which is what containers usually are.
          ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        ],
      },
    },
    // A spec that computes keeps the page from answering, on a busy machine for long.
    pingTimeout: 600_000,
    browserNoActivityTimeout: 600_000,
    // A page whose connection breaks would make a new one. What it told in between is lost, so the run ends instead.
    browserDisconnectTimeout: 0,
    singleRun: true,
    autoWatch: false,
    logLevel: config.LOG_WARN,
  });
};
