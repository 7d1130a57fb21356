/**
 * Bundles the published JavaScript: one module per entry, what they share in common chunks, so that every entry
 * sees the same classes and the same ambient store. Declarations come from `tsc -p tsconfig.build.json`.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

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
  sourcemap: true,
  sourcesContent: false, // the package ships src
  logOverride: { 'ignored-bare-import': 'error' },
  write: false,
});

// The new files are written before the old ones go, so that a process started meanwhile finds a whole package.
for (const { path, contents } of outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}

const written = new Set(outputFiles.map(({ path }) => path));
for (const name of await readdir(outdir, { recursive: true })) {
  const path = resolve(join(outdir, name));
  if (/\.js(\.map)?$/.test(name) && !written.has(path)) await rm(path);
}
