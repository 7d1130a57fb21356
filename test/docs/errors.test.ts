import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './run-node.js';

/** The codes as the sources list them, one file per group. */
const folder = join(root, 'src/errors');
const codes = readdirSync(folder)
  .filter((file) => file.endsWith('-codes.ts'))
  .flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/'([A-Z][A-Z_]+)'/g)].map(([, code]) => code),
  );

const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
const sections = page.split(/^### /m).slice(1);
const headings = sections.map((section) => section.split('\n', 1)[0]);

describe('docs/errors.md', () => {
  it('has one section for each code, and none for a code that is gone', () => {
    expect(codes).not.toEqual([]);
    expect([...headings].sort()).toEqual([...codes].sort());
  });

  it('has the codes in the order of the sources, group by group', () => {
    const groups = page.split(/^## /m).slice(1);
    for (const group of groups) {
      const listed = [...group.matchAll(/^### (\w+)$/gm)].map(([, code]) => code);
      expect(listed).toEqual(codes.filter((code) => listed.includes(code)));
    }
  });

  it('says in each section where the error comes from and what to do', () => {
    const incomplete = sections.filter(
      (section) => !/\nFrom: .*\nDo: /s.test(section.replaceAll('\n\n', '\n')),
    );
    expect(incomplete.map((section) => section.split('\n', 1)[0])).toEqual([]);
  });
});
