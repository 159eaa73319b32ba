/**
 * The layers: bytes ← streams ← decoders ← operators ← observables ← server. Transports implement what streams declares.
 * Every rule is an error; `npm run imports` checks them on the sources, type-only imports included.
 */

/** The files that may import the package `ws`. */
const WS_FILES = ['^src/ws\\.ts$', '^src/transports/ws/', '^src/server/[^/]*[wW]ebSocket'];
/** The files that may import the packages of NATS. */
const NATS_FILES = ['^src/nats\\.ts$', '^src/nats/'];
/** The files that may import Node's own modules. */
const NODE_FILES = [
  ...WS_FILES,
  '^src/node\\.ts$',
  '^src/server/',
  '^src/transports/node/',
  '^src/observables/(fromConnection|fromUnixConnection|fromDuplex|openConnection|connectSocket)\\.ts$',
  '^src/observables/(ConnectOptions|checkConnectOptions|connectionOn|writeProxyHeader)\\.ts$',
];
const ENTRY_POINTS = '^src/[^/]+\\.ts$';

/**
 * Files of `from` may import within src only their own folder and the folders in `allowed`.
 *
 * @param {string} from
 * @param {string[]} allowed
 * @returns {import('dependency-cruiser').IForbiddenRuleType}
 */
function layer(from, allowed) {
  return {
    name: `layer-${from}`,
    comment: `src/${from} may import: ${[from, ...allowed].join(', ')}`,
    severity: 'error',
    from: { path: `^src/${from}/` },
    to: { path: '^src/', pathNot: `^src/(${[from, ...allowed].join('|')})/` },
  };
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle makes the order of module evaluation matter.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    layer('bytes', []),
    layer('streams', ['bytes']),
    layer('decoders', ['bytes', 'streams']),
    layer('transports', ['bytes', 'streams']),
    layer('operators', ['bytes', 'streams', 'decoders']),
    layer('observables', ['bytes', 'streams', 'decoders', 'operators', 'transports']),
    layer('server', ['bytes', 'streams', 'decoders', 'operators', 'observables', 'transports']),
    layer('nats', ['bytes', 'streams', 'operators', 'observables']),
    layer('testing', ['bytes', 'streams', 'decoders', 'operators', 'transports']),
    {
      name: 'testing-is-for-tests',
      comment: 'Only the entry point rxjs-net/testing imports the test kit.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/testing/', '^src/testing\\.ts$'] },
      to: { path: '^src/testing[/.]' },
    },
    {
      name: 'entry-points-are-outermost',
      comment: 'Inside the library, import the module that defines the name.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: ENTRY_POINTS },
    },
    {
      name: 'node-only-where-it-must-be',
      comment: "Node's modules belong into the transports and sources that are for Node only.",
      severity: 'error',
      from: { path: '^src/', pathNot: NODE_FILES },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'runs-everywhere',
      comment:
        'The entry points for every platform must not reach a file that is for Node, over any number of imports.',
      severity: 'error',
      from: { path: '^src/(index|web|nats|testing)\\.ts$' },
      to: { reachable: true, path: NODE_FILES },
    },
    {
      name: 'bytes-know-no-rxjs',
      comment: 'What holds and searches bytes is plain: no RxJS, no I/O.',
      severity: 'error',
      from: { path: '^src/bytes/' },
      to: { path: '(^|/)node_modules/' },
    },
    {
      name: 'only-rxjs',
      comment: 'rxjs is the only package the library needs.',
      severity: 'error',
      from: { path: '^src/', pathNot: [...WS_FILES, ...NATS_FILES] },
      to: { pathNot: ['^src/', '(^|/)node_modules/rxjs/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'only-rxjs-and-ws',
      comment: 'rxjs-net/ws needs ws besides.',
      severity: 'error',
      from: { path: WS_FILES },
      to: { pathNot: ['^src/', '(^|/)node_modules/(rxjs|ws|@types/ws)/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'only-rxjs-and-nats',
      comment: 'rxjs-net/nats needs the packages of NATS besides.',
      severity: 'error',
      from: { path: NATS_FILES },
      to: { pathNot: ['^src/', '(^|/)node_modules/(rxjs|@nats-io/(jetstream|nats-core))/'] },
    },
    {
      name: 'ws-is-optional',
      comment: 'Without the package ws, rxjs-net/node has to load.',
      severity: 'error',
      from: { path: '^src/(node|index|web|nats|testing)\\.ts$' },
      to: { reachable: true, path: WS_FILES },
    },
    {
      name: 'nats-is-optional',
      comment: 'Without the packages of NATS every other entry point has to load.',
      severity: 'error',
      from: { path: '^src/(node|index|web|ws|testing)\\.ts$' },
      to: { reachable: true, path: NATS_FILES },
    },
    {
      name: 'resolves',
      comment: 'An import that resolves to nothing slips past all other rules.',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
