/**
 * Bundles the published JavaScript: one module per entry, what they share in common chunks, so that every entry
 * sees the same classes and the same ambient store. `build-declarations.ts` makes the declarations.
 */
import { basename } from 'node:path';
import { build } from 'esbuild';
import { minify } from 'terser';
import { replaceFiles } from './replace-files.js';

const outdir = 'dist';

const { outputFiles, metafile } = await build({
  metafile: true,
  entryPoints: ['index', 'testing', 'inversify', 'http', 'sqlite', 'postgres'].map(
    (entry) => `src/${entry}.ts`,
  ),
  outdir,
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true, // with the sources in it: the package ships no src
  logOverride: { 'ignored-bare-import': 'error' },
  write: false,
});

/** What users import keeps its name. */
const exported = Object.values(metafile.outputs).flatMap((output) => output.exports);

const texts = new Map(outputFiles.map(({ path, text }) => [path, text]));
const files = new Map<string, string>();
for (const [path, code] of texts) {
  if (path.endsWith('.map')) continue;
  const map = `${path}.map`;
  const shortened = await minify(code, {
    module: true,
    compress: false,
    mangle: { reserved: exported, keep_classnames: true },
    keep_classnames: true,
    // Short lines: Node prints the line that throws.
    format: { max_line_len: 120 },
    sourceMap: { content: texts.get(map) ?? '', includeSources: true, url: basename(map), asObject: false },
  });
  files.set(path, shortened.code ?? '');
  files.set(map, typeof shortened.map === 'string' ? shortened.map : JSON.stringify(shortened.map));
}

await replaceFiles(outdir, /\.js(\.map)?$/, files);
