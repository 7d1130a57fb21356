import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  deadLetterTest,
  MemoryDeadLetterSink,
  runPipeline,
  type DeadLetterEnvelope,
  type PipelineBuilder,
  type PipelineContext,
} from 'heirline';
import { errorOf } from './support/harness.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

class Age {
  define(builder: PipelineBuilder<{ born: string | null }, number>) {
    const age = builder.addTransform(
      ({ born }, { parameters }: PipelineContext) =>
        Number(parameters.get('year')) - Number(born?.slice(0, 4) ?? no()),
      { name: 'age', from: builder.addCompositeInput(), errorPolicy: 'deadLetter' },
    );
    builder.connect(age, builder.addCompositeOutput());
  }
}

function no(): never {
  throw new TypeError('nobody knows');
}

class People {
  define(builder: PipelineBuilder) {
    const born = builder.addSource<{ born: string | null; at?: unknown }>([
      { born: null, at: new Map([[1n, new Date(0)]]) },
    ]);
    const age = builder.addComposite(Age, {
      name: 'age',
      from: born,
      contextConfiguration: { inheritParentParameters: true },
    });
    builder.addSink(() => undefined, { from: age });
  }
}

async function letterOf(parameters: Record<string, unknown> = { year: 2030 }): Promise<DeadLetterEnvelope> {
  const sink = new MemoryDeadLetterSink();
  await runPipeline(People, { deadLetterSink: sink, parameters, items: { clock: {} } });
  const [letter] = sink.envelopes;
  if (letter === undefined) throw new TypeError('nothing failed');
  return letter;
}

/** The module that the test imports, with the fault or mended. */
const ageModule = (fallback: string): string => `
export class Age {
  define(builder) {
    const age = builder.addTransform(
      ({ born }, { parameters }) => parameters.get('year') - Number((born ?? ${fallback}).slice(0, 4)),
      { name: 'age', from: builder.addCompositeInput(), errorPolicy: 'deadLetter' },
    );
    builder.connect(age, builder.addCompositeOutput());
  }
}
`;

/** Runs a test file by itself; gives its exit code and what it printed. */
function runTest(folder: string): Promise<{ readonly code: unknown; readonly printed: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [vitest, 'run', '--root', folder, '--no-color'],
      { cwd: folder },
      (error, out, errors) => {
        resolve({ code: error?.code ?? 0, printed: out + errors });
      },
    );
  });
}

describe('the test of a dead letter', () => {
  test('is red while the fault lives, with its message, and green once it is mended', async () => {
    mkdirSync(join(root, 'build'), { recursive: true });
    const folder = mkdtempSync(join(root, 'build', 'letter-'));
    try {
      const source = JSON.stringify(join(root, 'src/index.ts'));
      writeFileSync(
        join(folder, 'vitest.config.mjs'),
        `export default { resolve: { alias: [{ find: /^heirline$/, replacement: ${source} }] } };`,
      );
      writeFileSync(
        join(folder, 'letter.test.ts'),
        deadLetterTest(await letterOf(), { definition: Age, importFrom: './age.mjs' }),
      );

      writeFileSync(join(folder, 'age.mjs'), ageModule("(() => { throw new TypeError('nobody knows'); })()"));
      const red = await runTest(folder);
      expect(red).toMatchObject({ code: 1, printed: expect.stringContaining('nobody knows') as unknown });
      expect(red.printed).toContain('1 failed');

      writeFileSync(join(folder, 'age.mjs'), ageModule("'2000'"));
      expect(await runTest(folder)).toMatchObject({ code: 0 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);

  test('names what it cannot hold', async () => {
    const letter = await letterOf({ year: 2030, key: '[secret]', check: () => true });
    const text = deadLetterTest(letter, { definition: Age, importFrom: './age.js' });

    expect(text).toContain(
      '// The node had these too; give in context what it needs: parameters.key, parameters.check.',
    );
    expect(text).toContain('new Map<unknown, unknown>');
  });

  test('lets no text of a letter become code', async () => {
    const letter = await letterOf();
    const evil = "x\n*/ process.exit(1); //' + '";
    const text = deadLetterTest(
      { ...letter, path: `${letter.path}${evil}`, error: { name: 'E', message: evil } },
      {
        definition: Age,
        importFrom: evil,
      },
    );

    const lines = text.split('\n').filter((line) => line.includes('process.exit'));
    for (const line of lines)
      expect(line).toMatch(/^(\/\/|\s*(path|message): '|test\('|import \{ Age \} from ')/);
  });

  test('is refused for items that cannot stand in a file, and for other pipelines', async () => {
    const letter = await letterOf();
    const options = { definition: Age, importFrom: './age.js' };
    for (const change of [{ item: () => 1 }, { item: ['[secret]'] }, { pipelineNames: ['Other', 'Another'] }])
      expect(errorOf(() => deadLetterTest({ ...letter, ...change }, options)).code).toBe(
        'REPLAY_INCOMPATIBLE',
      );
    for (const wrong of [
      { ...options, definition: (() => class {})() },
      { ...options, importFrom: '' },
      { definition: Age },
      undefined,
    ])
      expect(errorOf(() => deadLetterTest(letter, wrong as typeof options)).code).toBe('OPTION_INVALID');
  });
});
