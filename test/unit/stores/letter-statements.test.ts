import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { letterStatements } from '../../../src/stores/letter-statements.js';
import { migrations } from '../../../src/stores/migrations.js';
import { sqliteDialect } from '../../../src/stores/sql-dialect.js';
import { Statement } from '../../../src/stores/statement.js';

const dialect = sqliteDialect();
const statements = letterStatements(dialect);

/** How SQLite goes about a statement in an empty database. */
function planOf(statement: Statement): string {
  const database = new Database(':memory:');
  try {
    for (const change of migrations.flatMap((migration) => migration(dialect)))
      database.exec(new Statement(change).text);
    const { values } = statement.with();
    const steps = database.prepare(`explain query plan ${statement.text}`).all(values) as {
      detail: string;
    }[];
    return steps.map(({ detail }) => detail).join('; ');
  } finally {
    database.close();
  }
}

describe('a statement about dead letters never goes through all of them', () => {
  const all = statements.pages([]);
  const byPath = statements.pages(['path']);
  const byRun = statements.pages(['runId']);
  it.each([
    ['reads a page by the positions', all.letters, /INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)$/],
    ['looks at the sizes of a page', all.sizes, /INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)$/],
    ['reads those of a path', byPath.letters, /heirline_dead_letters_path \(path_key=\? AND position>\?/],
    ['looks at the sizes of those of a path', byPath.sizes, /heirline_dead_letters_path \(path_key=\?/],
    ['reads those of a run', byRun.letters, /heirline_dead_letters_run \(run_key=\?/],
    ['claims one', statements.claim, /letter_key=\?/],
    ['notes the end of a replay', statements.note, /letter_key=\?/],
    ['removes one', statements.remove, /letter_key=\?/],
    ['drops the eldest', statements.dropUpTo, /INTEGER PRIMARY KEY \(rowid<\?\)/],
    ['drops those that are too old', statements.dropOlder, /heirline_dead_letters_age \(written_at<\?\)/],
  ])('%s', (_, statement, way) => {
    expect(planOf(statement)).toMatch(way);
    expect(planOf(statement)).not.toMatch(/TEMP B-TREE/);
  });
});
