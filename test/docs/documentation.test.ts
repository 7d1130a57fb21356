import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeBlocks } from './code-blocks.js';
import { compileBlocks } from './compile-blocks.js';
import { root, runNode } from './run-node.js';

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((path) => join('docs', path)),
].filter((path) => path.endsWith('.md') && existsSync(join(root, path)));

// Below the package, so that the blocks import it by its own name.
const directory = join(root, 'build/docs-blocks');
const blocks = compileBlocks(
  root,
  directory,
  pages.flatMap((page) => codeBlocks(root, page)),
);

describe('documentation', () => {
  it('has code', () => {
    expect(blocks).not.toEqual([]);
  });

  it.concurrent.for(blocks)('$name compiles, runs and prints what follows it', async (block, { expect }) => {
    expect(block.diagnostics).toEqual([]);
    const printed = await runNode(['--enable-source-maps', block.module], directory);
    if (block.output !== undefined) expect(printed).toBe(block.output);
  });
});
