import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PipelineError } from 'heirline';
import { sqliteRunStore } from 'heirline/sqlite';
import { runStoreConformance } from 'heirline/testing';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { describeSqlStore, newRun } from './support/sql-store-cases.js';
import { describeManager } from './support/manager-cases.js';
import { describeManagerFaults } from './support/manager-fault-cases.js';
import { describeManaged } from './support/managed-store-cases.js';
import { describeProcesses, type SharedStore } from './support/store-processes.js';

const folder = mkdtempSync(join(tmpdir(), 'heirline-sqlite-'));
const lease = { token: 'mine', ownerId: 'me', ms: 60_000 };
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

/** Goes past the store. */
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

describe('a store in SQLite', () => {
  describeSqlStore(() => {
    const path = newPath();
    return {
      open: (logger) => sqliteRunStore({ path, logger }),
      query: (text) => query(path, text),
    };
  });

  it('refuses options that are wrong, and what is no file', () => {
    for (const path of ['', ':memory:', 'libsql://host', 'https://host', 'file:a.db', 'a\0b', 7, undefined]) {
      expect(() => sqliteRunStore({ path: path as string })).toThrow(/MemoryRunStore/);
    }
    expect(() => sqliteRunStore({ path: 'a', synchronous: 'OFF' as 'FULL' })).toThrow(/'NORMAL' or 'FULL'/);
    expect(() => sqliteRunStore(undefined as never)).toThrow(PipelineError);
  });

  it('says what to do about a path that is a folder', async () => {
    const store = sqliteRunStore({ path: folder });
    await expect(store.get('first')).rejects.toThrow(
      /That is a folder: give 'path' the name of a file in it/,
    );
    await store.close();
  });

  it('refuses a file that is no database, and leaves it as it is', async () => {
    const path = newPath();
    const text = 'this is a letter, and no database at all. '.repeat(100);
    writeFileSync(path, text);
    const store = sqliteRunStore({ path });
    await expect(store.get('first')).rejects.toMatchObject({ code: 'STORE_SCHEMA_UNSUPPORTED' });
    await store.close();
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('leaves a file with a newer schema as it is, byte by byte', async () => {
    const path = newPath();
    await query(path, 'create table heirline_schema (version integer not null)');
    await query(path, 'insert into heirline_schema values (1000)');
    const before = readFileSync(path);
    const store = sqliteRunStore({ path });
    await expect(store.insert(newRun('first'), { lease })).rejects.toMatchObject({
      code: 'STORE_SCHEMA_UNSUPPORTED',
    });
    await store.close();
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('says that the folder of the file is missing', async () => {
    const store = sqliteRunStore({ path: join(folder, 'nowhere', 'runs.db') });
    await expect(store.get('first')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('the folder must exist') as string,
    });
    await store.close();
  });

  it('waits for a process that writes, without holding this one up', async () => {
    const path = newPath();
    const store = sqliteRunStore({ path });
    await store.get('none');
    const other = new Database(path);
    other.exec('begin immediate');
    const inserting = store.insert(newRun('first'), { lease });
    let longest = 0;
    let last = performance.now();
    for (let turn = 0; turn < 20; turn += 1) {
      await pause(1);
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    other.exec('commit');
    other.close();
    // Held up, it would wait for the other one's end: for seconds, until it gave up.
    expect(longest).toBeLessThan(1000);
    expect(await inserting).toMatchObject({ runId: 'first' });
    expect(await store.update('first', { status: ['running'] }, { status: 'success' })).toBeDefined();
    await store.close();
  });

  it('writes more safely where it is asked to', async () => {
    const store = sqliteRunStore({ path: newPath(), synchronous: 'FULL' });
    expect(await store.insert(newRun('first'), { lease })).toMatchObject({ status: 'running' });
    await store.close();
  });
});

/** A file that is not there yet. */
function newFile(): SharedStore {
  const path = newPath();
  return { store: { path }, open: () => sqliteRunStore({ path }) };
}

describe('one SQLite file', () => {
  describeProcesses(newFile);
  describeManaged(newFile);
  describeManager(() => newFile().open);
  describeManagerFaults(() => newFile().open);
});
