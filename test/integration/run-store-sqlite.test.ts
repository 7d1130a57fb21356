import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteRunStore } from 'heirline/sqlite';
import { runStoreConformance } from 'heirline/testing';
import { describe, it } from 'vitest';
import { describeProcesses } from './support/store-processes.js';

const folder = mkdtempSync(join(tmpdir(), 'heirline-sqlite-'));
let made = 0;

/** The path of a file that is not there yet. */
function newPath(): string {
  made += 1;
  return join(folder, `runs-${String(made)}.db`);
}

describe('the SQLite store is a store of runs', () => {
  const path = newPath();
  it.each(runStoreConformance(() => sqliteRunStore({ path })))('$name', ({ run }) => run());
});

describe('one SQLite file', () => {
  describeProcesses(() => {
    const path = newPath();
    return { store: { path }, open: () => sqliteRunStore({ path }) };
  });
});
