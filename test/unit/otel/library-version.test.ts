import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { libraryVersion } from '../../../src/otel/library-version.js';

test('tracers and meters name the version of the package', () => {
  const file = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };

  expect(libraryVersion).toBe(version);
});
