import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLineageSink, type LineageRecord } from 'heirline';
import { postgresLineageSink, postgresRunStore } from 'heirline/postgres';
import { sqliteLineageSink, sqliteRunStore } from 'heirline/sqlite';
import { lineageSinkConformance } from 'heirline/testing';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresServer } from './support/postgres-server.js';
import { describeSqlLineage } from './support/sql-lineage-cases.js';

const folder = mkdtempSync(join(tmpdir(), 'heirline-lineage-'));
let made = 0;

/** The path of a file that is not there yet. */
function newPath(): string {
  made += 1;
  return join(folder, `lineage-${String(made)}.db`);
}

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.start();
}, 60_000);

afterAll(async () => {
  await server.stop();
}, 60_000);

describe('the memory is a sink of lineage', () => {
  it.each(lineageSinkConformance(() => new MemoryLineageSink()))('$name', ({ run }) => run());
});

describe('a SQLite file is a sink of lineage', () => {
  it.each(lineageSinkConformance(() => sqliteLineageSink({ path: newPath() })))('$name', ({ run }) => run());
});

describe('a PostgreSQL database is a sink of lineage', () => {
  const cases = lineageSinkConformance(async () =>
    postgresLineageSink({ connectionString: await server.emptySchema() }),
  );
  it.each(cases)('$name', ({ run }) => run());
});

describe('a lineage sink in SQLite', () => {
  describeSqlLineage(() => {
    const path = newPath();
    const query = (text: string): Promise<void> => {
      const database = new Database(path, { timeout: 1000 });
      database.exec(text);
      database.close();
      return Promise.resolve();
    };
    return {
      open: (options) => sqliteLineageSink({ path, ...options }),
      openRuns: () => sqliteRunStore({ path }),
      query,
    };
  });

  it('refuses options that are wrong, and what is no file', () => {
    for (const path of ['', ':memory:', 7, undefined])
      expect(() => sqliteLineageSink({ path: path as string })).toThrow(/take a MemoryLineageSink/);
    expect(() => sqliteLineageSink({ path: 'a', keep: 3 } as never)).toThrow(/no option 'keep'/);
  });
});

describe('a lineage sink in PostgreSQL', () => {
  describeSqlLineage(async () => {
    const connectionString = await server.emptySchema();
    return {
      open: (options) => postgresLineageSink({ connectionString, ...options }),
      openRuns: () => postgresRunStore({ connectionString }),
      query: async (text) => {
        await server.query(connectionString, text);
      },
    };
  });

  it('refuses options that are wrong', () => {
    expect(() => postgresLineageSink({})).toThrow(/postgresLineageSink.*one of 'connectionString'/);
  });
});

/** Sinks that are wrong in one thing each. */
const faulty: Readonly<Record<string, new () => MemoryLineageSink>> = {
  'forgets how an item ended before': class extends MemoryLineageSink {
    override history(id: string): readonly LineageRecord[] {
      return super.history(id).slice(-1);
    }
  },
  'says that an item has ended that has not': class extends MemoryLineageSink {
    override unresolved(): readonly string[] {
      return [];
    }
  },
  'gives the first end of an item': class extends MemoryLineageSink {
    override terminal(id: string): LineageRecord | undefined {
      return this.history(id).find((record) => record.terminal);
    }
  },
  'takes paths for beginnings of paths': class extends MemoryLineageSink {
    override passedThrough(path: string): readonly LineageRecord[] {
      return this.records.filter((record) => record.traversal.some((hop) => hop.path.startsWith(path)));
    }
  },
  'gives every record of an item that passed': class extends MemoryLineageSink {
    override passedThrough(path: string): readonly LineageRecord[] {
      return super.passedThrough(path).flatMap(({ correlationId }) => this.history(correlationId));
    }
  },
  'knows no keys': class extends MemoryLineageSink {
    override byKey(): readonly LineageRecord[] {
      return [];
    }
  },
  'prunes one moment too much': class extends MemoryLineageSink {
    override prune({ before }: { before: number }): number {
      return super.prune({ before: before + 1 });
    }
  },
  'forgets a run where a tenant in it is meant': class extends MemoryLineageSink {
    override forget({ runId, tenantId }: { runId?: string; tenantId?: string }): number {
      return super.forget(runId === undefined ? { tenantId } : { runId });
    }
  },
};

describe('the conformance suite finds out a sink that', () => {
  it.each(Object.entries(faulty))('%s', async (_, Faulty) => {
    const ends = await Promise.allSettled(
      lineageSinkConformance(() => new Faulty()).map(async ({ run }) => run()),
    );
    expect(ends.map(({ status }) => status)).toContain('rejected');
  });
});
