import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { root } from './run-node.js';

export interface PackedFile {
  readonly path: string;
  readonly size: number;
}

/** Puts the package, as it would be published, into a project of its own; gives the packed files. */
export async function installPackage(project: string): Promise<readonly PackedFile[]> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)('npm', args, {
    cwd: root,
    shell: process.platform === 'win32',
  });
  const [packed] = JSON.parse(stdout) as readonly { readonly files: readonly PackedFile[] }[];
  const files = packed?.files ?? [];
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "name": "user", "type": "module" }');
  for (const { path } of files) cpSync(join(root, path), join(project, 'node_modules/heirline', path));
  return files;
}

/** A module of the project, as its user compiles it: strictly, and with the declarations of packages checked too. */
export function compileForUser(
  project: string,
  name: string,
  code: string,
  options: ts.CompilerOptions,
): ts.Program {
  const file = join(project, name);
  writeFileSync(file, code);
  return ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  });
}

/** What the compiler says about all of a program: a clash with another declaration may be reported in either. */
export function problemsOf(program: ts.Program): string[] {
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) =>
      [file?.fileName, ts.flattenDiagnosticMessageText(messageText, '\n')].filter(Boolean).join(': '),
    );
}
