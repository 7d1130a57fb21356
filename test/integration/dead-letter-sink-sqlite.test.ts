import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteDeadLetterSink } from 'heirline/sqlite';
import { deadLetterSinkConformance } from 'heirline/testing';
import { describe, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'heirline-letters-'));
let made = 0;

/** The path of a file that is not there yet. */
function newPath(): string {
  made += 1;
  return join(folder, `letters-${String(made)}.db`);
}

describe('a SQLite file is a sink of dead letters', () => {
  const cases = deadLetterSinkConformance({ create: () => sqliteDeadLetterSink({ path: newPath() }) });
  it.each(cases)('$name', ({ run }) => run());
});
