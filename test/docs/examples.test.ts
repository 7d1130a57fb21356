import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresServer } from '../integration/support/postgres-server.js';
import { root, runNode } from './run-node.js';

const paths = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' }).map((path) =>
  path.replaceAll('\\', '/'),
);
const examples = paths.filter((path) => /^[^/]+\.ts$|^[^/]+\/main\.ts$/.test(path)).sort();

const ofComments = paths.filter((path) => /^api\/[^/]+\.ts$/.test(path)).sort();

/** `01-first.ts` prints `01-first.expected.txt`, `flights/main.ts` prints `flights/expected-output.txt`. */
const expectedFile = (example: string): string =>
  join(
    root,
    'examples',
    example.replace(/main\.ts$/, 'expected-output.txt').replace(/\.ts$/, '.expected.txt'),
  );

let server: PostgresServer;
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await PostgresServer.start();
  environment = { DATABASE_URL: await server.emptySchema() };
}, 60_000);

afterAll(async () => {
  await server.stop();
}, 60_000);

describe('examples', () => {
  it('are there', () => {
    expect(examples).not.toEqual([]);
    expect(ofComments).not.toEqual([]);
  });

  it.concurrent.for(ofComments)(
    '%s, which a doc comment includes, prints what its end says',
    async (example, { expect }) => {
      const code = readFileSync(join(root, 'examples', example), 'utf8');
      const [, promised = ''] = code.split('\n// prints\n');
      const output = await runNode(['--import', 'tsx', join('examples', example)], root, environment);
      expect(output).toBe(promised.replace(/^\/\/ ?/gm, ''));
    },
  );

  it.concurrent.for(examples)('%s prints what it promises', async (example, { expect }) => {
    const file = expectedFile(example);
    expect(existsSync(file), `${file} is missing`).toBe(true);
    const output = await runNode(['--import', 'tsx', join('examples', example)], root);
    expect(output).toBe(readFileSync(file, 'utf8'));
  });
});
