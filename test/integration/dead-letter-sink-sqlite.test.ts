import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteDeadLetterSink, sqliteRunStore } from 'heirline/sqlite';
import { deadLetterSinkConformance } from 'heirline/testing';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { itemsOf } from './support/letters-of.js';
import { describeReplayProcesses } from './support/replay-processes.js';
import { sampleLetter } from './support/sample-letter.js';
import { describeSqlLetters } from './support/sql-letter-cases.js';
import { keptLogger } from './support/sql-store-cases.js';

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

/** Goes past the sink. */
function query(path: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const database = new Database(path, { timeout: 1000 });
  try {
    const statement = database.prepare(text);
    if (statement.reader) return Promise.resolve(statement.all([]) as Record<string, unknown>[]);
    statement.run([]);
    return Promise.resolve([]);
  } finally {
    database.close();
  }
}

describe('a sink in SQLite', () => {
  describeSqlLetters(() => {
    const path = newPath();
    return {
      open: (options) => sqliteDeadLetterSink({ path, ...options }),
      openRuns: () => sqliteRunStore({ path }),
      query: (text) => query(path, text),
    };
  });

  describeReplayProcesses(() => {
    const path = newPath();
    return { sink: { path }, open: () => sqliteDeadLetterSink({ path }) };
  });

  it('refuses options that are wrong, and what is no file', () => {
    for (const path of ['', ':memory:', 'file:a.db', 7, undefined])
      expect(() => sqliteDeadLetterSink({ path: path as string })).toThrow(/take a MemoryDeadLetterSink/);
    expect(() => sqliteDeadLetterSink({ path: 'a', keep: 3 } as never)).toThrow(/no option 'keep'/);
  });

  it('has written a letter also where those beyond the count cannot be dropped, and tells so', async () => {
    const path = newPath();
    const logger = keptLogger();
    const sink = sqliteDeadLetterSink({ path, retain: { count: 1 }, logger });
    await sink.write(sampleLetter(1, 1));
    await query(
      path,
      "create trigger keep before delete on heirline_dead_letters begin select raise(abort, 'kept'); end",
    );
    await sink.write(sampleLetter(2, 2));
    expect(logger.lines).toEqual([
      expect.stringMatching(/'retain' does not keep could not be dropped: .*kept/),
    ]);
    expect(await itemsOf(sink)).toEqual([1, 2]);
    await sink.close();
  });

  it('writes more safely where it is asked to', async () => {
    const sink = sqliteDeadLetterSink({ path: newPath(), synchronous: 'FULL' });
    await sink.write(sampleLetter(1, 'kept'));
    expect(await itemsOf(sink)).toEqual(['kept']);
    await sink.close();
  });
});
