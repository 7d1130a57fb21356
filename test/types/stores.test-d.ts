import type { RunStore } from 'heirline';
import { postgresRunStore, type PostgresPool } from 'heirline/postgres';
import { sqliteRunStore } from 'heirline/sqlite';
import type { Pool } from 'pg';
import { expectTypeOf, test } from 'vitest';

test('a pool of pg is one for the store', () => {
  expectTypeOf<Pool>().toExtend<PostgresPool>();
  expectTypeOf(postgresRunStore).returns.toEqualTypeOf<RunStore>();
});

test('the path of a file is needed', () => {
  expectTypeOf(sqliteRunStore).returns.toEqualTypeOf<RunStore>();
  // @ts-expect-error the path is missing
  expectTypeOf(sqliteRunStore).toBeCallableWith({});
  // @ts-expect-error there is no such way to write
  expectTypeOf(sqliteRunStore).toBeCallableWith({ path: 'runs.db', synchronous: 'OFF' });
});
