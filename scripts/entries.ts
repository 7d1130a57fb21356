import { readFileSync } from 'node:fs';

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest;

/** The modules that the package exports, `index` for the package itself. */
export const entries: readonly string[] = Object.entries(exports)
  .filter(([, target]) => typeof target !== 'string')
  .map(([path]) => (path === '.' ? 'index' : path.slice('./'.length)));
