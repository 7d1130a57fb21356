import pg from 'pg';
import { startChild } from './child-process.js';
import type { Child } from './child-process.js';

/** Ends a pool of a test: its connections end a little later, and the server may be gone by then. */
export async function endPool(pool: pg.Pool): Promise<void> {
  pool.on('error', () => undefined);
  await pool.end();
}

/** A PostgreSQL server for tests: the one of `HEIRLINE_POSTGRES_URL`, or one that is started and ended with them. */
export class PostgresServer {
  readonly #url: string;
  readonly #child: Child | undefined;
  #schemas: string[] = [];

  private constructor(url: string, child: Child | undefined) {
    this.#url = url;
    this.#child = child;
  }

  static async start(): Promise<PostgresServer> {
    const given = process.env['HEIRLINE_POSTGRES_URL'];
    if (given !== undefined && given !== '') return new PostgresServer(given, undefined);
    const child = startChild('./postgres-process.ts');
    return new PostgresServer(await child.line(), child);
  }

  /** The address of the server with an empty schema of its own. */
  async emptySchema(): Promise<string> {
    const schema = `heirline_${Math.random().toString(36).slice(2)}`;
    await this.query(this.#url, `create schema ${schema}`);
    this.#schemas.push(schema);
    const url = new URL(this.#url);
    url.searchParams.set('options', `-c search_path=${schema}`);
    return url.href;
  }

  /** Executes one statement, past every store. */
  async query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    if (this.#child === undefined) {
      for (const schema of this.#schemas) await this.query(this.#url, `drop schema ${schema} cascade`);
      return;
    }
    this.#child.process.stdin.end();
    await this.#child.ended;
  }
}
