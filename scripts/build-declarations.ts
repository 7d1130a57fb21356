/**
 * Bundles the published declarations: one file per entry, what they share in `types.d.ts`, and nothing that no entry
 * exports or names.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import ts from 'typescript';
import { chunkOfMain } from './chunk-of-main.js';
import { withDeclaredGlobals } from './declared-globals.js';
import { withIncludedCode } from './included-code.js';
import { replaceFiles } from './replace-files.js';

const outdir = 'dist';
/** The declarations of each module, before they are bundled. */
const modules = 'build/declarations';

await replaceFiles(modules, /\.d\.ts$/, declarationsOf('tsconfig.build.json'));

const bundle = await rollup({
  input: Object.fromEntries(
    ['index', 'testing', 'events', 'inversify', 'http', 'sqlite', 'postgres', 'otel'].map((entry) => [
      entry,
      join(modules, `${entry}.d.ts`),
    ]),
  ),
  external: /^[^./]/,
  plugins: [dts({ tsconfig: 'tsconfig.build.json' })],
  onLog(_, { message }) {
    throw new Error(message);
  },
});
const { output } = await bundle.generate({
  manualChunks: chunkOfMain('types', resolve(modules, 'index.d.ts')),
  chunkFileNames: '[name].d.ts',
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

const files = output.map((file) => {
  const text =
    file.type === 'asset'
      ? String(file.source)
      : file.name === 'index'
        ? withTypeExports(file.code)
        : file.code;
  return [
    join(outdir, file.fileName),
    withDeclaredGlobals(text).replace(/^(?: {4})+/gm, (indent) => '\t'.repeat(indent.length / 4)),
  ] as const;
});
await replaceFiles(outdir, /\.d\.ts(\.map)?$/, new Map(files));

function declarationsOf(configFile: string): Map<string, string> {
  const { config } = ts.readConfigFile(configFile, (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
  const program = ts.createProgram(fileNames, {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    declarationMap: false,
    outDir: modules,
    rootDir: 'src',
  });
  const emitted = new Map<string, string>();
  program.emit(undefined, (path, text) => {
    if (!path.endsWith('.d.ts')) return;
    const folder = join('src', relative(modules, dirname(path)));
    emitted.set(resolve(path), withIncludedCode(withoutHiddenParameters(text), folder));
  });
  return emitted;
}

/** What a constructor takes that users do not call would bring half of the inside along. */
function withoutHiddenParameters(declarations: string): string {
  const hidden = /\/\*\*(?:(?!\*\/)[^])*@hidden(?:(?!\*\/)[^])*\*\/\s*constructor\([^]*?\);/g;
  return declarations.replace(hidden, '/** @hidden */\n    constructor(internal: never);');
}
