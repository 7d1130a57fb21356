import type { ReplayableDeadLetterSink, RunStore, StoredDeadLetterSink } from 'heirline';
import { postgresDeadLetterSink, postgresRunStore, type PostgresPool } from 'heirline/postgres';
import { sqliteDeadLetterSink, sqliteRunStore } from 'heirline/sqlite';
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

test('a sink of dead letters in a database can be replayed from, and closed', () => {
  expectTypeOf(sqliteDeadLetterSink).returns.toEqualTypeOf<StoredDeadLetterSink>();
  expectTypeOf(postgresDeadLetterSink).returns.toEqualTypeOf<StoredDeadLetterSink>();
  expectTypeOf<StoredDeadLetterSink>().toExtend<ReplayableDeadLetterSink>();
  expectTypeOf(sqliteDeadLetterSink).toBeCallableWith({ path: 'letters.db', retain: { count: 10 } });
  // @ts-expect-error letters are kept by age and number
  expectTypeOf(sqliteDeadLetterSink).toBeCallableWith({ path: 'letters.db', retain: { days: 10 } });
});

test('letters are chosen by a function, or by the fields of a letter', () => {
  type Read = StoredDeadLetterSink['read'];
  expectTypeOf<Read>().toBeCallableWith({ path: 'orders/check', runId: 'monday' });
  expectTypeOf<Read>().toBeCallableWith(({ attempts }) => attempts > 1);
  // @ts-expect-error there is no such field to choose by
  expectTypeOf<Read>().toBeCallableWith({ pipelineName: 'orders' });
});
