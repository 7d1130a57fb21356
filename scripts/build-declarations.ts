/**
 * Bundles the published declarations: one file per entry, what they share in `types.d.ts`, and nothing that no entry
 * exports or names.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { replaceFiles } from './replace-files.js';

const outdir = 'dist';

const bundle = await rollup({
  input: { index: 'src/index.ts', testing: 'src/testing.ts', inversify: 'src/inversify.ts' },
  external: /^[^./]/,
  plugins: [dts({ tsconfig: 'tsconfig.build.json' })],
  onLog(_, { message }) {
    throw new Error(message);
  },
});
const { output } = await bundle.generate({
  chunkFileNames: 'types.d.ts',
  entryFileNames: '[name].d.ts',
  // Under other names, what a module adds to an interface of another one would miss it.
  minifyInternalExports: false,
});

const typesOnly = new Set(
  [...(await readFile('src/index.ts', 'utf8')).matchAll(/^export type \{([^}]+)\}/gm)].flatMap(
    ([, names = '']) => names.match(/\w+/g) ?? [],
  ),
);

/** Rollup exports classes also where only their type is exported. */
function withTypeExports(code: string): string {
  return code.replace(/^export \{.+\}/gm, (clause) =>
    clause.replace(/\w+(?=[,}\s])/g, (name) => (typesOnly.has(name) ? `type ${name}` : name)),
  );
}

const files = output.map(
  (file) =>
    [
      join(outdir, file.fileName),
      file.type === 'asset' ? file.source : file.name === 'index' ? withTypeExports(file.code) : file.code,
    ] as const,
);
await replaceFiles(outdir, /\.d\.ts(\.map)?$/, new Map(files));
