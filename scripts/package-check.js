/**
 * Packs the package as it would be published, and uses it as its users do: linted by publint and attw, imported,
 * required, and compiled against with the strictest settings, on the newest and the oldest rxjs: every declaration, and
 * what the documentation shows. Everything comes from this project's node_modules, so that it needs no network.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as esbuild } from 'esbuild';
import ts from 'typescript';
import { build as vite } from 'vite';
import { extractSnippets, snippetFile, snippetOrigins } from './extract-snippets.js';

const BIN = resolve('node_modules/.bin');
const NEWEST = 'node_modules/rxjs';
const { name, exports } = readJson('package.json');
const specifiers = Object.keys(exports)
  .filter((subpath) => !subpath.endsWith('.json'))
  .map((subpath) => `${name}${subpath.slice(1)}`);
const FOR_NODE = [`${name}/node`, `${name}/ws`];
const temporary = mkdtempSync(join(tmpdir(), `${name}-package-`));

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/**
 * Runs a program and shows what it prints only when it fails.
 *
 * @param {string} what
 * @param {string} program
 * @param {string[]} args
 * @param {string} [cwd]
 */
function check(what, program, args, cwd) {
  try {
    execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
    console.log(`ok      ${what}`);
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout: string, stderr: string }} */ (error);
    console.log(`FAILED  ${what}\n${`${stdout}${stderr}`.trim().replace(/^/gm, '        ')}`);
    process.exitCode = 1;
  }
}

// What the registry shows beside the code: pages, and the pictures in them.
const MAY_HOLD =
  /^(dist|src)\/.*\.(ts|js|map)$|^docs\/.*\.(md|png|svg)$|^bench\/results\/.*\.svg$|^[^/]+\.(md|json)$|^LICENSE$/;

/**
 * Where README.md and CHANGELOG.md lead is in the package, as the registry shows them, and editors that open them there.
 *
 * @param {Set<string>} packed
 */
function checkLinks(packed) {
  for (const file of ['README.md', 'CHANGELOG.md']) {
    const links = readFileSync(file, 'utf8').matchAll(
      /\]\(([^)\s#]+)|^\[[^\]]+\]: ([^\s#]+)|\b(?:src|href)="([^"#]+)/gm,
    );
    const broken = [...links]
      .map(([, inline, reference, attribute]) => inline ?? reference ?? attribute ?? '')
      .filter((target) => !/^[a-z]+:/.test(target) && !packed.has(target.replace(/^\.\//, '')));
    console.log(`${broken.length > 0 ? 'FAILED ' : 'ok     '} links of ${file} lead into the package`);
    for (const target of broken) console.log(`        it has no ${target}`);
    if (broken.length > 0) process.exitCode = 1;
  }
}

function pack() {
  const json = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', temporary], {
    encoding: 'utf8',
  });
  const [{ filename, files }] = JSON.parse(json);
  console.log(`${filename}: ${files.length} files`);
  for (const { path } of files) {
    if (!MAY_HOLD.test(path)) {
      console.log(`FAILED  the package holds ${path}`);
      process.exitCode = 1;
    }
  }
  checkLinks(new Set(files.map((/** @type {{ path: string }} */ { path }) => path)));
  return join(temporary, filename);
}

// Each entry point loads, exports something, and is one module for import and require: a second copy of a class
// would break instanceof.
const LOAD = `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
for (const specifier of ${JSON.stringify(specifiers)}) {
  const imported = await import(specifier);
  const required = require(specifier);
  const names = Object.keys(imported);
  if (names.length === 0) throw new Error(specifier + ' exports nothing');
  for (const name of names) {
    if (imported[name] !== required[name]) throw new Error('require gives another ' + name + ' of ' + specifier);
  }
}
`;
const LOAD_COMMON_JS = specifiers.map((specifier) => `require('${specifier}');\n`).join('');

/** @param {string[]} modules @returns a module whose compilation reads all of their declarations */
function importing(modules) {
  return modules.map((specifier, i) => `export * as module${i} from '${specifier}';\n`).join('');
}

// The docs show these calls in sentences. What is found out of TLS has to have its own type, not `unknown`.
const TLS = `
import type { PeerCertificate } from 'node:tls';
import { fromConnection } from '${name}/node';
fromConnection({ host: 'localhost', port: 1 }).subscribe(({ writer }) => {
  writer.startTls().subscribe();
  writer.startTls({ servername: 'localhost', ca: 'pem', handshakeTimeout: 1000 }).subscribe();
  writer.startTls({ isServer: true, key: 'pem', cert: 'pem' }).subscribe();
  const version: string | null | undefined = writer.getExtraInfo('tlsVersion');
  const cipherName: string | undefined = writer.getExtraInfo('cipher')?.name;
  const certificate: PeerCertificate | undefined = writer.getExtraInfo('peercert');
  const protocol: string | false | null | undefined = writer.getExtraInfo('alpnProtocol');
  console.log(version, cipherName, certificate?.subject.CN, protocol);
  // @ts-expect-error: of the wrong type
  writer.startTls({ servername: 7 });
});
`;

const WEB_SOCKETS = `
import type { WebSocketServer } from 'ws';
import { webSocketServerConnections$ } from '${name}/ws';
webSocketServerConnections$({ port: 1 }).subscribe(({ writer }) => {
  const url: string | undefined = writer.getExtraInfo('request')?.url;
  const cipherName: string | undefined = writer.getExtraInfo('cipher')?.name;
  console.log(url, cipherName);
});
declare const webSocketServer: WebSocketServer;
webSocketServerConnections$({ webSocketServer, origins: 'any' });
// @ts-expect-error: the handshake is the WebSocketServer's
webSocketServerConnections$({ webSocketServer, path: '/' });
`;

const TYPESCRIPT = {
  nodenext: { file: 'everything.ts', options: { module: 'NodeNext', types: ['node'] } },
  bundler: {
    file: 'everything.ts',
    options: { module: 'ESNext', moduleResolution: 'Bundler', types: ['node'] },
  },
  // A project for browsers has no @types/node: a declaration that needs it would break there.
  browser: {
    file: 'browser.ts',
    options: {
      module: 'ESNext',
      moduleResolution: 'Bundler',
      types: [],
      lib: ['ES2022', 'DOM'],
    },
  },
};

/**
 * What README.md, docs and the doc comments show: a program of those snippets that import what is for Node, and one of
 * those that do not, as what it declares besides must not help where it is not imported.
 *
 * @returns {[title: string, snippets: import('./extract-snippets.js').Snippet[]][]}
 */
function snippetPrograms() {
  const snippets = snippetOrigins().flatMap((origin) =>
    extractSnippets(origin, readFileSync(origin, 'utf8')),
  );
  /** @param {import('./extract-snippets.js').Snippet} snippet */
  const usesNode = ({ code }) => importsOf(code).some((specifier) => FOR_NODE.includes(specifier));
  return [
    [`with ${name}/node`, snippets.filter(usesNode)],
    [`without ${name}/node`, snippets.filter((snippet) => !usesNode(snippet))],
  ];
}

/** @param {string} code @returns {string[]} */
function importsOf(code) {
  return ts.preProcessFile(code, true, true).importedFiles.map(({ fileName }) => fileName);
}

/**
 * Links what the snippets import of others, as it is installed here.
 *
 * @param {string} folder @param {import('./extract-snippets.js').Snippet[]} snippets
 */
function linkImports(folder, snippets) {
  for (const specifier of snippets.flatMap(({ code }) => importsOf(code))) {
    const other = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
    const target = join(folder, 'node_modules', other);
    if (/^(node:|\.)/.test(specifier) || existsSync(target)) continue;
    if (existsSync(`node_modules/${other}`)) link(`node_modules/${other}`, target);
  }
}

/**
 * @param {string} title @param {string} folder
 * @param {Record<string, unknown>} compilerOptions
 */
function checkSnippets(title, folder, compilerOptions) {
  const programs = snippetPrograms();
  // All of them first: one imports another by its name.
  for (const [, snippets] of programs) {
    linkImports(folder, snippets);
    for (const snippet of snippets) writeFileSync(join(folder, snippetFile(snippet)), snippet.code);
  }
  for (const [which, snippets] of programs) {
    compile(
      `${title}: ${snippets.length} snippets ${which}`,
      folder,
      { ...compilerOptions, allowImportingTsExtensions: true },
      snippets.map(snippetFile),
    );
  }
  writeFileSync(join(folder, 'tls.ts'), TLS);
  compile(`${title}: what ${name}/node adds for TLS`, folder, compilerOptions, ['tls.ts']);
  writeFileSync(join(folder, 'web-sockets.ts'), WEB_SOCKETS);
  compile(`${title}: what ${name}/ws adds`, folder, compilerOptions, ['web-sockets.ts']);
}

/**
 * @param {string} what @param {string} folder
 * @param {Record<string, unknown>} compilerOptions
 * @param {string[]} files
 */
function compile(what, folder, compilerOptions, files) {
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  check(what, join(BIN, 'tsc'), ['-p', 'tsconfig.json', '--pretty', 'false'], folder);
}

/** @param {string} tarball @param {string} rxjsFolder */
function checkConsumer(tarball, rxjsFolder) {
  const rxjs = readJson(`${rxjsFolder}/package.json`);
  const title = `rxjs ${rxjs.version}`;
  const folder = join(temporary, `consumer-${rxjs.version}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  // --legacy-peer-deps keeps npm from looking for rxjs in a registry; it gets linked below.
  const flags = ['--offline', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund'];
  check(`${title}: npm install`, 'npm', ['install', ...flags, tarball], folder);
  link(rxjsFolder, join(folder, 'node_modules/rxjs'));
  for (const other of ['@types/node', 'ws', '@types/ws', '@nats-io/jetstream', '@nats-io/nats-core'])
    link(`node_modules/${other}`, join(folder, 'node_modules', other));

  writeFileSync(join(folder, 'load.js'), LOAD);
  writeFileSync(join(folder, 'load.cjs'), LOAD_COMMON_JS);
  check(`${title}: import`, process.execPath, ['load.js'], folder);
  check(`${title}: require`, process.execPath, ['load.cjs'], folder);

  writeFileSync(join(folder, 'everything.ts'), importing(specifiers));
  writeFileSync(
    join(folder, 'browser.ts'),
    importing(specifiers.filter((specifier) => !FOR_NODE.includes(specifier))),
  );
  // The oldest rxjs exports no types, so whoever uses it with these settings has such paths already.
  const paths = rxjs.exports['.'].types
    ? {}
    : {
        rxjs: ['./node_modules/rxjs/dist/types/index.d.ts'],
        'rxjs/*': ['./node_modules/rxjs/dist/types/*/index.d.ts'],
      };
  for (const [mode, { file, options }] of Object.entries(TYPESCRIPT)) {
    const compilerOptions = {
      target: 'ES2022',
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      paths,
      ...options,
    };
    compile(`${title}: compiles for ${mode}`, folder, compilerOptions, [file]);
    // The documentation is written for Node and for the newest rxjs, whose names it uses.
    if (options.types.length > 0 && rxjsFolder === NEWEST)
      checkSnippets(`${title}, ${mode}`, folder, { moduleDetection: 'force', ...compilerOptions });
  }
}

// What a page imports. It is built as Vite and esbuild build it, and loaded: there is nothing of Node's in it.
const PAGE = `
import { framed, jsonMessages, useConnection } from '${name}';
import { fromMessagePort, fromWebSocket, fromWebStreams } from '${name}/web';
export const feed$ = (url) => fromWebSocket(url, { mode: 'messages' }).pipe(useConnection((c) => framed(c, jsonMessages())));
export { fromMessagePort, fromWebStreams };
`;
const WRONG_PAGE = `import { fromConnection } from '${name}/node'; export const connection$ = fromConnection({ port: 1 });`;

/** @param {string} tarball */
async function checkBundles(tarball) {
  const folder = join(temporary, 'page');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const flags = ['--offline', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund'];
  check('page: npm install', 'npm', ['install', ...flags, tarball], folder);
  for (const dependency of ['rxjs', 'tslib'])
    link(`node_modules/${dependency}`, join(folder, 'node_modules', dependency));
  for (const [bundler, bundle] of Object.entries({ esbuild: bundleByEsbuild, vite: bundleByVite })) {
    for (const [what, code] of Object.entries({ page: PAGE, 'wrong page': WRONG_PAGE })) {
      const entry = join(folder, `${what.replace(' ', '-')}.js`);
      const out = join(folder, bundler, `${what.replace(' ', '-')}.mjs`);
      writeFileSync(entry, code);
      await checkCall(`${bundler}: a ${what} is built`, () => bundle(folder, entry, out));
      await checkCall(
        `${bundler}: a ${what} ${what === 'page' ? 'loads, without a module of Node' : 'says what to do'}`,
        async () => {
          // Not the text alone: Vite keeps doc comments, whose examples import what they like.
          const { importedFiles } = ts.preProcessFile(readFileSync(out, 'utf8'), true, true);
          if (importedFiles.length > 0)
            throw new Error(`it imports ${importedFiles.map(({ fileName }) => fileName).join(', ')}`);
          const loaded = await import(pathToFileURL(out).href).catch((/** @type {unknown} */ error) => error);
          if (what === 'page' ? typeof loaded.feed$ !== 'function' : !/rxjs-net\/web/.test(loaded.message))
            throw loaded;
        },
      );
    }
  }
}

/** @param {string} folder @param {string} entry @param {string} out */
async function bundleByEsbuild(folder, entry, out) {
  await esbuild({
    absWorkingDir: folder,
    entryPoints: [entry],
    outfile: out,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
}

/** @param {string} folder @param {string} entry @param {string} out */
async function bundleByVite(folder, entry, out) {
  await vite({
    root: folder,
    configFile: false,
    logLevel: 'error',
    build: {
      outDir: dirname(out),
      emptyOutDir: false,
      lib: { entry, formats: ['es'], fileName: () => basename(out) },
    },
  });
}

/** @param {string} what @param {() => Promise<void>} call */
async function checkCall(what, call) {
  try {
    await call();
    console.log(`ok      ${what}`);
  } catch (error) {
    console.log(`FAILED  ${what}\n${String(error).replace(/^/gm, '        ')}`);
    process.exitCode = 1;
  }
}

/** @param {string} target @param {string} path */
function link(target, path) {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(resolve(target), path, 'junction');
}

try {
  const tarball = pack();
  check('publint --strict', join(BIN, 'publint'), ['--strict', tarball]);
  check('attw --profile esm-only', join(BIN, 'attw'), ['--profile', 'esm-only', tarball]);
  for (const rxjs of [NEWEST, 'node_modules/rxjs-oldest']) checkConsumer(tarball, rxjs);
  await checkBundles(tarball);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
