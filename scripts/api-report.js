/**
 * The public API of the built package, an entry point a file: api-report/<entry>.api.md. A change of a public type shows
 * there in review.
 *
 *   npm run api            writes the files
 *   npm run api:check      shows how they differ from what is built, and fails if they do
 *
 * What a public type is made of, and is not exported, is there as well, without `export`. What one entry point has of another
 * is only in the file of the other.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { summaryLine } from './summary-line.js';

const FOLDER = 'api-report';
const BUILT = resolve('build/api-report');
const UPDATE = 'npm run api';
const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const counts = { passed: 0, failed: 0 };

/** @param {string} message */
function fail(message) {
  counts.failed++;
  console.log(`FAILED ${message}`);
}

/** The names of the entry points' files, in the order of package.json: those that others are built on come first. */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  return Object.values(exports).flatMap(({ types = '' }) => /([^/]+)\.d\.ts$/.exec(types)?.[1] ?? []);
}

/** @param {string} entry */
function configure(entry) {
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: resolve('package.json'),
    configObject: {
      projectFolder: resolve('.'),
      mainEntryPointFilePath: resolve(`dist/${entry}.d.ts`),
      compiler: {
        overrideTsconfig: { extends: resolve('tsconfig.json'), include: ['dist/*.d.ts'], exclude: [] },
      },
      newlineKind: 'lf',
      apiReport: {
        enabled: true,
        reportFolder: BUILT,
        reportTempFolder: join(BUILT, 'temporary'),
        reportFileName: `${entry}.api.md`,
        includeForgottenExports: true,
        tagsToReport: { '@experimental': true, '@deprecated': true },
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Error },
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.None },
          'ae-missing-release-tag': { logLevel: ExtractorLogLevel.None },
          // scripts/check-api-docs.js asks for more, and knows all entry points.
          'ae-undocumented': { logLevel: ExtractorLogLevel.None },
          'ae-unresolved-link': { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
}

/** @type {Set<string>} */
const shown = new Set();

/**
 * Without what an earlier report has: the paragraph of a name that another entry point exports, or that is not exported.
 *
 * @param {string} report
 * @param {string} specifier
 */
function withoutRepeated(report, specifier) {
  const paragraphs = report.split('\n\n').filter((paragraph) => {
    const declaration =
      /^\/\/ @public.*\n(export )?((declare |abstract )?(class|interface|type|const) (\w+)[\s\S]*)$/;
    const [, isExported, text = ''] = declaration.exec(paragraph) ?? [];
    // Of two things with one name the second is called Name_2.
    const key = text.replace(/^((?:declare |abstract )?\w+ \w+?)_\d+\b/, '$1');
    if (key === '' || (shown.has(key) && !isExported)) return key === '';
    shown.add(key);
    return true;
  });
  const declarations = paragraphs.filter((paragraph) => !paragraph.startsWith('import ')).join('\n\n');
  /** @param {string} line */
  const isUsed = (line) => {
    const name = /^import (?:type )?\{? ?(?:\* as |\w+ as )?(\w+) ?\}? from/.exec(line)?.[1];
    return name === undefined || new RegExp(String.raw`\b${name}\b`).test(declarations);
  };
  const imports = paragraphs.map((paragraph) =>
    paragraph.startsWith('import ') ? paragraph.split('\n').filter(isUsed).join('\n') : paragraph,
  );
  return imports
    .filter((paragraph) => paragraph !== '')
    .join('\n\n')
    .replace(
      /^.*\n\n.*/,
      `## The public API of ${specifier}\n\n> Written by \`${UPDATE}\`, from what is built. Do not edit.`,
    );
}

rmSync(BUILT, { recursive: true, force: true });
mkdirSync(BUILT, { recursive: true });
mkdirSync(FOLDER, { recursive: true });
const entries = entryPoints();
const configs = entries.map(configure);
const compilerState = CompilerState.create(/** @type {ExtractorConfig} */ (configs[0]), {
  additionalEntryPoints: configs.map((config) => config.mainEntryPointFilePath),
});
for (const config of configs) {
  Extractor.invoke(config, {
    localBuild: true,
    compilerState,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel === ExtractorLogLevel.Error)
        fail(message.formatMessageWithLocation(process.cwd()));
    },
  });
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.api.md')))
  if (!entries.includes(file.replace('.api.md', ''))) fail(`${FOLDER}/${file}: there is no such entry point`);
for (const entry of entries) {
  const file = `${FOLDER}/${entry}.api.md`;
  const built = join(BUILT, `${entry}.api.md`);
  const now = withoutRepeated(
    readFileSync(built, 'utf8'),
    entry === 'index' ? 'rxjs-net' : `rxjs-net/${entry}`,
  );
  writeFileSync(built, now);
  if (existsSync(file) && readFileSync(file, 'utf8') === now) {
    counts.passed++;
  } else if (options.check) {
    fail(
      `${file} is not what is built; if it should be, \`${UPDATE}\` writes it:\n${difference(file, built)}`,
    );
  } else {
    writeFileSync(file, now);
    counts.passed++;
    console.log(`${file} written`);
  }
}
console.log(summaryLine('api', counts));
process.exitCode = counts.failed > 0 ? 1 : 0;

/** @param {string} file @param {string} built */
function difference(file, built) {
  const flags = [
    'diff',
    '--no-index',
    '--no-prefix',
    '--unified=5',
    '--',
    existsSync(file) ? file : '/dev/null',
  ];
  try {
    return execFileSync('git', [...flags, built], { encoding: 'utf8' });
  } catch (error) {
    return /** @type {{ stdout: string }} */ (error).stdout;
  }
}
