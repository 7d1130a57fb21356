import { postgresRunStore } from 'heirline/postgres';
import { runStoreConformance } from 'heirline/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { PostgresServer } from './support/postgres-server.js';
import { describeProcesses } from './support/store-processes.js';

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.start();
}, 60_000);

afterAll(async () => {
  await server.stop();
}, 60_000);

describe('the PostgreSQL store is a store of runs', () => {
  let connectionString: string;
  beforeAll(async () => {
    connectionString = await server.emptySchema();
  });
  it.each(runStoreConformance(() => postgresRunStore({ connectionString })))('$name', ({ run }) => run());
});

describe('one PostgreSQL database', () => {
  describeProcesses(async () => {
    const connectionString = await server.emptySchema();
    return { store: { connectionString }, open: () => postgresRunStore({ connectionString }) };
  });
});
