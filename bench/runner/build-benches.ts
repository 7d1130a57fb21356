import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

/** The folder of the benchmarks. */
export const benchFolder = join(import.meta.dirname, '..');

const outputFolder = join(benchFolder, 'build');
const ending = '.bench.ts';

/** The names of the bench files, in the order of the alphabet. */
export async function benchNames(): Promise<string[]> {
  const files = await filesIn('.', ending);
  return files.map((file) => file.slice(0, -ending.length)).sort();
}

/** The built file of a bench. */
export function builtBench(name: string): string {
  return join(outputFolder, `${name}.bench.js`);
}

/**
 * Compiles the bench files to plain JavaScript; what tsx makes of functions would slow them down.
 *
 * They are built inside of `bench`, so that Node finds the peers' packages there.
 */
export async function buildBenches(): Promise<void> {
  await rm(outputFolder, { recursive: true, force: true });
  await build({
    absWorkingDir: benchFolder,
    entryPoints: [
      ...(await filesIn('.', ending)),
      ...(await filesIn('peers', '.ts')),
      ...(await filesIn('cold-start', '.ts')),
    ],
    outdir: outputFolder,
    outbase: benchFolder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    plugins: [publishedHeirline],
    logLevel: 'warning',
  });
}

async function filesIn(folder: string, fileEnding: string): Promise<string[]> {
  const files = await readdir(join(benchFolder, folder));
  return files.filter((file) => file.endsWith(fileEnding)).map((file) => join(folder, file));
}

/** Makes `heirline` the built package, as its users get it, and leaves it out of the bundle. */
const publishedHeirline: Plugin = {
  name: 'published-heirline',
  setup(bundler) {
    bundler.onResolve({ filter: /^heirline(\/\w+)?$/ }, ({ path }) => {
      const entry = path.slice('heirline/'.length) || 'index';
      const { href } = pathToFileURL(join(benchFolder, '../dist', `${entry}.js`));
      return { path: href, external: true };
    });
  },
};
