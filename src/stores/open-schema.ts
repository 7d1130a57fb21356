import { schemaUnsupported } from '../errors/store-errors.js';
import { migrations } from './migrations.js';
import { schemaParts } from './run-database.js';
import type { SqlDialect } from './sql-dialect.js';
import { slot, Statement } from './statement.js';
import type { Steps } from './statement.js';

/**
 * The version of a database's schema, 0 for one without tables of the stores; nothing is written.
 *
 * @throws {@link PipelineError} `STORE_SCHEMA_UNSUPPORTED` for a newer one, and for one that lacks something.
 */
export function* schemaVersion({ compiler, catalogue }: SqlDialect): Steps<number> {
  const parts = new Set((yield catalogue.with()).map(({ name }) => String(name)));
  if (!parts.has('heirline_schema.version')) {
    if ([...parts].some((part) => part.startsWith('heirline_'))) throw damaged('heirline_schema');
    return 0;
  }
  const rows = yield new Statement(compiler.selectFrom('heirline_schema').select('version')).with();
  const version = rows.length === 1 ? Number(rows[0]?.['version'] ?? Number.NaN) : Number.NaN;
  if (!Number.isSafeInteger(version) || version < 1) throw damaged('heirline_schema.version');
  if (version > migrations.length) {
    throw schemaUnsupported(
      `The database has schema ${String(version)} of the stores, and this version of heirline knows up to ${String(migrations.length)}.`,
      'Use the version of heirline that made it, or a later one.',
    );
  }
  const missing = schemaParts.find((part) => !parts.has(part));
  // An older schema lacks what its migrations bring.
  if (version === migrations.length && missing !== undefined) throw damaged(missing);
  return version;
}

/** Brings the schema of a database up to date; within a transaction that no other migration runs beside. */
export function* migrate(dialect: SqlDialect): Steps<void> {
  const { compiler } = dialect;
  // Another process may have done the same meanwhile.
  const version = yield* schemaVersion(dialect);
  if (version === migrations.length) return;
  for (const migration of migrations.slice(version)) {
    for (const change of migration(dialect)) yield new Statement(change).with();
  }
  const value = slot<number>('version');
  const written =
    version === 0
      ? compiler.insertInto('heirline_schema').values({ version: value })
      : compiler.updateTable('heirline_schema').set({ version: value });
  yield new Statement(written).with({ version: migrations.length });
}

/** Whether the schema of a database has to be brought up to date. */
export function isOutdated(version: number): boolean {
  return version < migrations.length;
}

function damaged(part: string): Error {
  return schemaUnsupported(
    `The tables of the stores in this database are damaged: '${part}' is missing or wrong.`,
    'Restore the database from a backup, or name another one.',
  );
}
