import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { CodeBlock } from './code-blocks.js';

/**
 * Compiles all blocks as modules in one program, under the options of the project, and writes them below `directory`.
 * Returns the file to run for each block, and what the compiler says, with the lines of the Markdown file.
 */
export function compileBlocks(root: string, directory: string, blocks: readonly CodeBlock[]) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const sources = blocks.map((block) => {
    const source = join(directory, `${block.name.replace(/[^\w]+/g, '-')}.ts`);
    writeFileSync(source, '\n'.repeat(block.line) + block.code);
    return source;
  });

  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const program = ts.createProgram(sources, {
    ...options,
    noEmit: false,
    rootDir: root,
    moduleDetection: ts.ModuleDetectionKind.Force,
    inlineSourceMap: true,
  });
  const diagnostics = sources.map((source) => {
    const file = program.getSourceFile(source);
    program.emit(file);
    return ts.getPreEmitDiagnostics(program, file).map(({ file, start = 0, messageText }) => {
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
      return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  });
  return blocks.map((block, index) => ({
    ...block,
    module: sources[index]?.replace(/\.ts$/, '.js') ?? '',
    diagnostics: diagnostics[index] ?? [],
  }));
}
