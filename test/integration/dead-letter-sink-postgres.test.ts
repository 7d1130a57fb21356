import { postgresDeadLetterSink } from 'heirline/postgres';
import { deadLetterSinkConformance } from 'heirline/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { PostgresServer } from './support/postgres-server.js';

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.start();
}, 60_000);

afterAll(async () => {
  await server.stop();
}, 60_000);

describe('a PostgreSQL database is a sink of dead letters', () => {
  const cases = deadLetterSinkConformance({
    create: async () => postgresDeadLetterSink({ connectionString: await server.emptySchema() }),
  });
  it.each(cases)('$name', ({ run }) => run());
});
