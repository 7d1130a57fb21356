import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './run-node.js';

interface FieldRule {
  readonly child: string;
  readonly capture: string;
  readonly carrier: object | undefined;
}

const row = /^\| `(\w+)` *\| (\w+) *\| (\w+) *\| (yes|no) *\|/gm;

describe('docs/concepts/run-context.md', () => {
  it('states what becomes of each field as the list of fields has it', async () => {
    const list = join(root, 'src/run/run-fields.ts');
    const { runFields } = (await import(list)) as { runFields: Readonly<Record<string, FieldRule>> };
    const page = readFileSync(join(root, 'docs/concepts/run-context.md'), 'utf8');

    const stated = [...page.matchAll(row)].map((cells) => cells.slice(1));
    expect(stated).toEqual(
      Object.entries(runFields).map(([name, { child, capture, carrier }]) => [
        name,
        child,
        capture,
        carrier === undefined ? 'no' : 'yes',
      ]),
    );
  });
});
