import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { LineageForgetOptions } from '../ports/queryable-lineage-sink.js';
import { dropStatement } from './drop-rows.js';
import type { LineageRow, WayRow } from './lineage-row.js';
import type { SqlDialect } from './sql-dialect.js';
import { slot, Statement } from './statement.js';

/** The statements about lineage, compiled once for a sink. */
export type LineageStatements = ReturnType<typeof lineageStatements>;

const texts = ['item_key', 'correlation_id', 'run_key', 'tenant_key', 'output_key', 'way_key'] as const;

/** The columns of a record's row, each as it stands in a list of rows, in their order. */
const columns = {
  ...Object.fromEntries(texts.map((name) => [name, listed(name)])),
  terminal: sql`cast(${listed('terminal')} as integer)`,
  happened_at: sql`cast(${listed('happened_at')} as double precision)`,
  record: listed('record'),
} satisfies Partial<Record<keyof LineageRow, RawBuilder<unknown>>>;

/** The same for the nodes of ways. */
const wayColumns: Readonly<Record<keyof WayRow, RawBuilder<unknown>>> = {
  path_key: listed('path_key'),
  way_key: listed('way_key'),
};

/** Compiles the statements about lineage for a database. Those that find records give their positions, in order. */
export function lineageStatements(dialect: SqlDialect) {
  const { compiler, parts } = dialect;
  const records = compiler.selectFrom('heirline_lineage');
  const positions = records.select('position').orderBy('position');
  const insert = (
    table: 'heirline_lineage' | 'heirline_lineage_ways',
    values: Readonly<Record<string, RawBuilder<unknown>>>,
    end: RawBuilder<unknown>,
  ): Statement => {
    const inserted = sql`insert into ${sql.table(table)}
      (${sql.join(Object.keys(values).map((name) => sql.ref(name)))})
      select ${sql.join(Object.values(values))} from ${parts(slot('rows'))} where 1 = 1 ${end}`;
    return new Statement({ compile: () => inserted.compile(compiler) }, 'written');
  };
  const ways = compiler
    .selectFrom('heirline_lineage_ways')
    .select('way_key')
    .where('path_key', '=', slot('path'));
  const drop = (order: 'position' | 'happened_at', condition: RawBuilder<boolean>): Statement =>
    dropStatement(dialect, 'heirline_lineage', order, condition);
  const isOf = {
    runId: sql<boolean>`run_key = ${slot('runId')}`,
    tenantId: sql<boolean>`tenant_key = ${slot('tenantId')}`,
  };
  return {
    /** Adds the records of a list, in its order. */
    insert: insert('heirline_lineage', columns, sql`order by part.number`),
    /** Adds the nodes of ways; those that are there already stay. */
    insertWays: insert('heirline_lineage_ways', wayColumns, sql`on conflict do nothing`),
    ofItem: new Statement(positions.where('item_key', '=', slot('item'))),
    /** The latest record that says how an item ended. */
    terminal: new Statement(
      records
        .select(['position', 'record'])
        .where('item_key', '=', slot('item'))
        .where('terminal', '=', sql.lit(1))
        .orderBy('position', 'desc')
        .limit(1),
      'row',
    ),
    ofOutput: new Statement(positions.where('output_key', '=', slot('key'))),
    /** The latest record of each item that has a record with such a node. */
    throughPath: new Statement(
      records
        .select(({ fn }) => fn.max('position').as('position'))
        .where('item_key', 'in', records.select('item_key').where('way_key', 'in', ways))
        .groupBy('item_key')
        .orderBy('position'),
    ),
    /** The ids of the items of which no record says how they ended, by their first records. */
    unresolved: new Statement(
      compiler
        .selectFrom('heirline_lineage as passed')
        .select('correlation_id')
        .where('terminal', '=', sql.lit(0))
        .where((where) =>
          where.not(
            where.exists(
              where
                .selectFrom('heirline_lineage as ended')
                .select('ended.position')
                .whereRef('ended.item_key', '=', 'passed.item_key')
                .where('ended.terminal', '=', sql.lit(1)),
            ),
          ),
        )
        .groupBy(['item_key', 'correlation_id'])
        .orderBy(({ fn }) => fn.min('position')),
    ),
    /** The records at some positions. */
    records: new Statement(
      records
        .select(['position', 'record'])
        .where(
          'position',
          'in',
          compiler
            .selectFrom(parts(slot('positions')))
            .select(sql<number>`cast(cast(part.value as text) as bigint)`.as('position')),
        )
        .orderBy('position'),
    ),
    prune: drop('happened_at', sql`happened_at < cast(${slot('before')} as double precision)`),
    /** What drops the records that meet all of some conditions. */
    forget: (names: readonly (keyof LineageForgetOptions)[]) =>
      drop(
        'position',
        sql<boolean>`${sql.join(
          names.map((name) => isOf[name]),
          sql` and `,
        )}`,
      ),
  };
}

/** A value of a part of a list, by its name. */
function listed(name: string): RawBuilder<unknown> {
  return sql`part.value ->> ${sql.lit(name)}`;
}
