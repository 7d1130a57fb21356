import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { root } from './run-node.js';

const entries = ['index', 'testing', 'events', 'inversify', 'http', 'sqlite', 'postgres', 'otel'].map(
  (entry) => join(root, 'dist', `${entry}.d.ts`),
);
const program = ts.createProgram(entries, {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
});
const checker = program.getTypeChecker();

/** The declarations of an entry's exports, behind what re-exports them. */
function exportsOf(entry: string): ts.Symbol[] {
  const file = program.getSourceFile(entry);
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`${entry} is no module; was it built?`);
  return checker
    .getExportsOfModule(module)
    .filter((each) => !isTypeAlone(each))
    .map((each) => (each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each))
    .filter(({ flags }) => flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Function));
}

function isTypeAlone({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some(
    (each) => ts.isExportSpecifier(each) && (each.isTypeOnly || each.parent.parent.isTypeOnly),
  );
}

/** What an editor shows as the examples of a symbol. */
function examplesOf(symbol: ts.Symbol): string[] {
  return symbol
    .getJsDocTags(checker)
    .filter(({ name }) => name === 'example')
    .map(({ text }) => ts.displayPartsToString(text));
}

describe('the published declarations', () => {
  const symbols = [...new Set(entries.flatMap(exportsOf))].map((symbol) => ({ name: symbol.name, symbol }));

  it('have classes and functions', () => {
    expect(symbols.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['PipelineRunner', 'runPipeline', 'testPipeline', 'contextModule']),
    );
  });

  it.for(symbols)('show the code of an example with $name', ({ symbol }) => {
    const [example = ''] = examplesOf(symbol);
    expect(example).toMatch(/^```ts\n[^]*\/\/ prints\n[^]*```$/);
  });
});
