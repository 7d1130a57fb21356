/**
 * Bundles the published JavaScript: one module per entry, what they share in common chunks, so that every entry
 * sees the same classes and the same ambient store. `build-declarations.ts` makes the declarations.
 */
import { build } from 'esbuild';
import { replaceFiles } from './replace-files.js';

const outdir = 'dist';

const { outputFiles } = await build({
  entryPoints: ['src/index.ts', 'src/testing.ts', 'src/inversify.ts'],
  outdir,
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  // Names stay, and lines short: Node prints the line that throws.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
  sourcemap: true, // with the sources in it: the package ships no src
  logOverride: { 'ignored-bare-import': 'error' },
  write: false,
});

await replaceFiles(
  outdir,
  /\.js(\.map)?$/,
  new Map(outputFiles.map(({ path, contents }) => [path, contents])),
);
