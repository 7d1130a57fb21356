import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './run-node.js';

const row = /^\| `(\w+)\/` *\|.*\|([^|]*)\|$/gm;

/** The table as the page states it: folder to allowed folders; "all above" stands for the rows before. */
function statedFolders(page: string): Record<string, string[]> {
  const stated: Record<string, string[]> = {};
  for (const [, folder = '', cell = ''] of page.matchAll(row)) {
    const words: string[] = (cell.split(';')[0] ?? '').match(/\w+/g) ?? [];
    const above = Object.keys(stated).filter((name) => !words.includes(name));
    stated[folder] = words.slice(0, 2).join(' ') === 'all above' ? above : words;
  }
  return stated;
}

/** The wings that the page states, in its order, by their folder. */
function statedWings(page: string): Record<string, string[]> {
  const stated: Record<string, string[]> = {};
  for (const [, folder = '', wing = ''] of page.matchAll(/^\| `(\w+)\/(\w+)\/` *\|/gm))
    (stated[folder] ??= []).push(wing);
  return stated;
}

type Table = Record<string, readonly string[]>;

const sorted = (table: Table) =>
  Object.fromEntries(Object.entries(table).map(([folder, allowed]) => [folder, [...allowed].sort()]));

describe('docs/architecture.md', () => {
  it('states the folder table that is enforced', async () => {
    const config = join(root, '.dependency-cruiser.mjs');
    const { folders } = (await import(config)) as { folders: Table };
    const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
    expect(sorted(statedFolders(page))).toEqual(sorted(folders));
  });

  it('states the wings that are enforced, in their order', async () => {
    const config = join(root, '.dependency-cruiser.mjs');
    const { wings } = (await import(config)) as { wings: Table };
    const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
    expect(statedWings(page)).toEqual(wings);
  });
});
