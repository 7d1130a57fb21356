import { describe, expect, it } from 'vitest';
import { letterStatements } from '../../../src/stores/letter-statements.js';
import { dialect, planOf } from '../support/statement-plan.js';

const statements = letterStatements(dialect);

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
