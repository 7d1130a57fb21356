import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const source = (entry: string): string => join(import.meta.dirname, 'src', `${entry}.ts`);

/** Tests run the sources, without a build; only `test/docs` starts processes that use `dist`. */
const alias = [
  { find: /^heirline$/, replacement: source('index') },
  { find: /^heirline\/(testing|events|inversify|http|sqlite|postgres|otel)$/, replacement: source('$1') },
];

const suite = (name: string, testTimeout = 5_000) => ({
  resolve: { alias },
  // A worker per file costs 0.3 s each. Sharing one is safe: src has no module state, and tests restore what they fake.
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, isolate: false, restoreMocks: true },
});

export default defineConfig({
  test: {
    pool: 'threads',
    passWithNoTests: true,
    reporters: process.env['CI']
      ? ['default', ['json', { outputFile: 'build/test-results.json' }]]
      : ['default'],
    coverage: { include: ['src/**/*.ts'], reportsDirectory: 'build/coverage' },
    projects: [
      suite('unit'),
      suite('integration', 15_000),
      suite('property', 60_000),
      suite('docs', 120_000),
      {
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
    ],
  },
});
