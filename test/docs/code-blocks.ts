import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A `ts` block of a Markdown file, and what the `text` or `console` block right after it says it prints. */
export interface CodeBlock {
  readonly name: string;
  readonly line: number;
  readonly code: string;
  readonly output: string | undefined;
}

const fence = /^```ts\b[^\n]*\n(.*?)^```[^\S\n]*$(?:\s*^```(?:text|console)[^\S\n]*\n(.*?)^```[^\S\n]*$)?/gms;

/** Finds the code blocks of one file. */
export function codeBlocks(root: string, file: string): CodeBlock[] {
  const markdown = readFileSync(join(root, file), 'utf8');
  return [...markdown.matchAll(fence)].map(({ index, 1: code = '', 2: output }) => {
    const line = markdown.slice(0, index).split('\n').length;
    return { name: `${file}:${line}`, line, code, output };
  });
}
