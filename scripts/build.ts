/**
 * Bundles the published JavaScript: one module per entry, what they share in common chunks, so that every entry
 * sees the same classes and the same ambient store. `build-declarations.ts` makes the declarations.
 *
 * Names stay those of the sources, so that a stack can be read where nobody maps it back: only types, comments and
 * indentation are left out.
 */
import { dirname, join, resolve } from 'node:path';
import { transform } from 'esbuild';
import { rollup, type Plugin } from 'rollup';
import { chunkOfMain } from './chunk-of-main.js';
import { replaceFiles } from './replace-files.js';

const outdir = 'dist';

const typescript: Plugin = {
  name: 'typescript',
  resolveId: (source, importer) =>
    importer !== undefined && source.startsWith('.')
      ? resolve(dirname(importer), source.replace(/\.js$/, '.ts'))
      : undefined,
  transform: async (code, sourcefile) =>
    await transform(code, {
      sourcefile,
      loader: 'ts',
      target: 'node20.19',
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
      minifyWhitespace: true,
      minifySyntax: true,
      // Node prints the line that throws.
      lineLimit: 120,
      sourcemap: true,
    }),
};

const bundle = await rollup({
  input: Object.fromEntries(
    ['index', 'testing', 'events', 'inversify', 'http', 'sqlite', 'postgres', 'otel'].map((entry) => [
      entry,
      resolve(`src/${entry}.ts`),
    ]),
  ),
  external: /^[^./]/,
  plugins: [typescript],
  onLog(_, { message }) {
    throw new Error(message);
  },
});
const { output } = await bundle.generate({
  // What the main entry loads is one file: its users wait for each.
  manualChunks: chunkOfMain('core', resolve('src/index.ts')),
  chunkFileNames: '[name]-[hash].js',
  entryFileNames: '[name].js',
  minifyInternalExports: false,
  hoistTransitiveImports: false,
  sourcemap: true, // with the sources in it: the package ships no src
});

await replaceFiles(
  outdir,
  /\.js(\.map)?$/,
  new Map(
    output.map((file) => [join(outdir, file.fileName), file.type === 'asset' ? file.source : file.code]),
  ),
);
