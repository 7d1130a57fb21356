import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Puts the code of examples where a doc comment says `{@includeCode path}`: typedoc does so in the reference, but
 * editors show the published comment as it is.
 *
 * @param folder the folder of the module in `src`: paths are relative to it.
 */
export function withIncludedCode(declarations: string, folder: string): string {
  return declarations.replace(
    /^([ \t]*\* )\{@includeCode ([^}]+)\}$/gm,
    (_, margin: string, path: string) => {
      const code = readFileSync(join(folder, path), 'utf8').trimEnd();
      // Editors take a word that begins with `@` for a tag, in a code block too.
      if (/\*\/|(?:^|\s)@/m.test(code)) throw new Error(`${path} has '*/' or a word that begins with '@'`);
      return ['```ts', ...code.split('\n'), '```'].map((line) => `${margin}${line}`.trimEnd()).join('\n');
    },
  );
}
