import { readFileSync } from 'node:fs';

/** The folder table of docs/architecture.md: what each folder of src may import, besides itself. */
export const folders = {
  errors: [],
  data: ['errors'],
  storage: ['errors', 'data'],
  ports: ['errors', 'data'],
  run: ['errors', 'data', 'ports'],
  context: ['errors', 'data', 'ports', 'run'],
  observability: ['errors', 'data', 'ports', 'context', 'run'],
  lineage: ['errors', 'data', 'storage', 'ports', 'context', 'run'],
  resilience: ['errors', 'data', 'storage', 'ports', 'context', 'run'],
  nodes: ['errors', 'data', 'ports', 'context', 'run', 'resilience'],
  flow: ['errors', 'data', 'ports', 'context', 'run', 'nodes'],
  graph: ['errors', 'data', 'context', 'nodes'],
  junctions: ['errors', 'data', 'ports', 'context', 'run', 'resilience', 'nodes'],
  builder: ['errors', 'data', 'ports', 'context', 'run', 'nodes', 'graph', 'junctions', 'resilience'],
  composition: ['errors', 'data', 'ports', 'context', 'run', 'nodes', 'graph', 'builder'],
  engine: [
    ...['errors', 'data', 'storage', 'ports', 'run', 'context', 'observability', 'lineage', 'resilience'],
    ...['nodes', 'graph', 'junctions', 'builder', 'composition'],
  ],
  background: ['errors', 'data', 'ports', 'context', 'run'],
  runs: ['errors', 'data', 'ports', 'context', 'run', 'builder', 'engine', 'observability'],
  http: ['errors', 'data', 'ports', 'context', 'run', 'runs'],
  stores: ['errors', 'data', 'storage', 'ports', 'context', 'run', 'lineage', 'resilience', 'runs'],
  otel: ['errors', 'data', 'ports', 'run', 'observability'],
  injection: ['errors', 'data', 'context', 'run'],
  testing: [
    ...[
      'errors',
      'data',
      'storage',
      'ports',
      'run',
      'context',
      'observability',
      'lineage',
      'resilience',
      'nodes',
      'graph',
      'junctions',
    ],
    ...['builder', 'composition', 'engine', 'background', 'runs'],
  ],
};

/**
 * The wings of the large folders, the lowest first: a wing imports only those before it. What stands beside the wings is
 * the door: it may import them all, and none imports it.
 */
export const wings = {
  run: ['spending', 'ending', 'secrets', 'session'],
  engine: ['leaks', 'execution', 'stages', 'streams', 'passing', 'plan', 'children', 'compiling'],
};

/** What testing/ may use that is not public: one inside of the engine, and the safe look at values of others. */
const testingDoors = ['src/engine/node-replacement.ts', 'src/data/foreign-value.ts'];

/** What may be imported outside src/<folder>/, and by whom: package or module → folders and entries. */
const owners = {
  inversify: ['injection', 'inversify.ts'],
  'reflect-metadata': ['injection', 'inversify.ts'],
  eventemitter3: ['observability'],
  '@hpcc-js/wasm-graphviz': ['graph'],
  kysely: ['stores'],
  libsql: ['stores'],
  pg: ['stores'],
  '@opentelemetry/api': ['otel'],
  async_hooks: ['context', 'run'],
};

const inside = (names) => `^src/(${names.join('|')})/`;
const escape = (text) => text.replaceAll('.', '\\.');
const error = (name, comment, from, to, more) => ({ name, comment, severity: 'error', from, to, ...more });

const publicFiles = [...readFileSync('src/index.ts', 'utf8').matchAll(/from '\.\/(.+)\.js'/g)].map(
  ([, path]) => `src/${path}.ts`,
);

const layers = Object.entries(folders).map(([folder, allowed]) =>
  error(
    `layer-${folder}`,
    `src/${folder}/ imports only ${allowed.join(', ') || 'itself'} (docs/architecture.md).`,
    { path: inside([folder]) },
    { path: '^src/', pathNot: inside([folder, ...allowed]) },
  ),
);

const wingLayers = Object.entries(wings).flatMap(([folder, names]) =>
  names.map((name, index) =>
    error(
      `wing-${folder}-${name}`,
      `Inside src/${folder}/, ${name}/ imports only ${names.slice(0, index).join(', ') || 'itself'} (docs/architecture.md).`,
      { path: `^src/${folder}/${name}/` },
      { path: `^src/${folder}/`, pathNot: `^src/${folder}/(${names.slice(0, index + 1).join('|')})/` },
    ),
  ),
);

const owned = Object.entries(owners).map(([name, users]) =>
  error(
    `only-owner-imports-${name}`,
    `${name} is imported by ${users.join(' and ')} alone.`,
    { path: '^src/', pathNot: `^src/(${users.map(escape).join('|')})` },
    { path: `(^|node_modules/|node:)${name}(/|$)` },
  ),
);

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layers,
    ...wingLayers,
    ...owned,
    error(
      'folder-in-table',
      'Every folder of src stands in the table.',
      {},
      { path: '^src/.+/', pathNot: inside(Object.keys(folders)) },
    ),
    error(
      'only-wings-inside',
      'Folders of src have no folders but their wings.',
      {},
      {
        path: '^src/[^/]+/[^/]+/',
        pathNot: Object.entries(wings).map(([folder, names]) => `^src/${folder}/(${names.join('|')})/[^/]+$`),
      },
    ),
    error('no-cycles', 'Type imports count.', {}, { circular: true }),
    error('no-entry-inside', 'Nothing in src imports an entry.', { path: '^src/' }, { path: '^src/[^/]+$' }),
    error(
      'entry-main',
      'The main entry has neither flow nor http nor injection nor otel nor stores nor testing.',
      { path: '^src/index\\.ts$' },
      { path: inside(['flow', 'http', 'injection', 'otel', 'stores', 'testing']) },
    ),
    error(
      'entry-main-light',
      'Importing heirline, heirline/testing or heirline/http loads no package that only another entry needs.',
      { path: '^src/(index|testing|http)\\.ts$' },
      {
        path: 'node_modules/(inversify|reflect-metadata|kysely|libsql|pg|eventemitter3|@opentelemetry)/',
        reachable: true,
      },
    ),
    error(
      'entry-testing',
      'What heirline/testing adds is in testing/.',
      { path: '^src/testing\\.ts$' },
      { path: '^src/', pathNot: inside(['testing']) },
    ),
    error(
      'entry-flow',
      'What heirline/flow adds is in flow/, and the order of merges in junctions/.',
      { path: '^src/flow\\.ts$' },
      { path: '^src/', pathNot: inside(['flow', 'junctions', 'nodes']) },
    ),
    error(
      'entry-events',
      'What heirline/events adds is in observability/.',
      { path: '^src/events\\.ts$' },
      { path: '^src/', pathNot: inside(['observability']) },
    ),
    error(
      'entry-otel',
      'What heirline/otel adds is in otel/.',
      { path: '^src/otel\\.ts$' },
      { path: '^src/', pathNot: inside(['otel']) },
    ),
    error(
      'entry-inversify',
      'What heirline/inversify adds is in injection/.',
      { path: '^src/inversify\\.ts$' },
      { path: '^src/', pathNot: inside(['injection']) },
    ),
    error(
      'entry-http',
      'What heirline/http adds is in http/.',
      { path: '^src/http\\.ts$' },
      { path: '^src/', pathNot: inside(['http']) },
    ),
    error(
      'entry-stores',
      'What heirline/sqlite and heirline/postgres add is in stores/.',
      { path: '^src/(sqlite|postgres)\\.ts$' },
      { path: '^src/', pathNot: inside(['stores']) },
    ),
    error(
      'entries-of-stores-apart',
      'Each entry loads the driver of its own database alone.',
      { path: '^src/sqlite\\.ts$' },
      { path: 'node_modules/pg/', reachable: true },
    ),
    error(
      'testing-uses-public',
      `testing/ uses what src/index.ts exports, and ${testingDoors.join(', ')}.`,
      { path: inside(['testing']) },
      {
        path: '^src/',
        pathNot: [
          inside(['testing']),
          ...[...testingDoors, ...publicFiles].map((path) => `^${escape(path)}$`),
        ],
      },
    ),
    error(
      'outside-uses-entries',
      'Examples and integration tests use the package as its users do.',
      { path: '^(examples|bench|test/(integration|types|property|docs))/' },
      { path: '^src/.+/' },
    ),
    error('no-outside', 'src stands alone.', { path: '^src/' }, { path: '^(test|examples|bench|scripts)/' }),
    error(
      'no-dev-dependencies',
      'What src imports is installed with it, or by those who use the entry that needs it.',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
    ),
    error(
      'resolvable',
      'Every import leads somewhere. bench is a package of its own: its others may not be installed.',
      { pathNot: '^bench/peers/' },
      { couldNotResolve: true, pathNot: '^heirline(/|$)' },
    ),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)build/' },
    // Without both, packages with `exports` and the package's own name silently resolve to nothing.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@heirline/source', 'import', 'node', 'types', 'default'],
    },
  },
};
