import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteRunStore } from 'heirline/sqlite';
import { runStoreConformance } from 'heirline/testing';
import { describe, it } from 'vitest';

describe('the SQLite store is a store of runs', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'heirline-')), 'runs.db');
  it.each(runStoreConformance(() => sqliteRunStore({ path })))('$name', ({ run }) => run());
});
