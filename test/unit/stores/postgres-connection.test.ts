import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { PostgresConnection } from '../../../src/stores/postgres-connection.js';
import type { PostgresPool } from '../../../src/stores/postgres-pool.js';
import { postgresDialect } from '../../../src/stores/sql-dialect.js';

class Pool extends EventEmitter implements PostgresPool {
  connect(): never {
    throw new Error('nobody connects');
  }
}

test('a connection that breaks while a pool of its own ends ends no process', async () => {
  const pool = new Pool();
  const connection = new PostgresConnection(postgresDialect(), pool, { option: 'connectionString' }, () =>
    Promise.resolve(),
  );

  await connection.close();

  expect(() => pool.emit('error', new Error('the server has stopped'))).not.toThrow();
});

test('a pool of the application is left as it was found', async () => {
  const pool = new Pool();
  const connection = new PostgresConnection(postgresDialect(), pool, { option: 'pool' });

  await connection.close();

  expect(pool.eventNames()).toEqual([]);
});
