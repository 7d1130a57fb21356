import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { SqlDialect } from './sql-dialect.js';
import { slot } from './statement.js';

/** When the lease of the slot `leaseMs` ends; one that is given back ended long ago, so that its grace is over too. */
export function leaseEnd({ now }: Pick<SqlDialect, 'now'>): RawBuilder<number> {
  const ms = sql`cast(${slot('leaseMs')} as double precision)`;
  return sql`case when ${ms} = 0 then 0 else ${now} + ${ms} end`;
}
