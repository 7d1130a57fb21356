import { sql } from 'kysely';
import { leaseLost } from '../errors/run-errors.js';
import { MOST_EVENTS } from '../runs/memory-run-log.js';
import type { StoredRunEvent } from '../runs/run-event.js';
import type { Lease } from '../runs/run-store.js';
import type { RunStatements } from './run-statements.js';
import type { SqlDialect } from './sql-dialect.js';
import { slot, Statement } from './statement.js';
import type { SqlRow, Steps } from './statement.js';
import { StoredRow } from './stored-row.js';
import { toStoredText } from './stored-text.js';

/** Old events are removed once in so many: not each append pays for it. */
const TRIM_EVERY = 1000;

/** The statements about logs, compiled once for a store. */
export type LogStatements = ReturnType<typeof logStatements>;

/** Compiles the statements about logs for a database. */
export function logStatements({ compiler, parts, numbers }: SqlDialect) {
  const position = slot<number>('position');
  return {
    append: new Statement(
      compiler
        .insertInto('heirline_run_events')
        .columns(['run', 'seq', 'event'])
        .expression(
          compiler
            .selectFrom(parts(slot('events')).as('part'))
            .select([
              sql<number>`cast(${position} as bigint)`.as('run'),
              sql<number>`cast(part.value ->> 0 as bigint)`.as('seq'),
              sql<string>`part.value ->> 1`.as('event'),
            ])
            // Without a condition SQLite takes the `on` of `on conflict` for that of a join.
            .where(sql<boolean>`1 = 1`),
        )
        .onConflict((conflict) => conflict.doNothing()),
    ),
    trim: new Statement(
      compiler
        .deleteFrom('heirline_run_events')
        .where('run', '=', position)
        .where('seq', '<=', slot<number>('seq')),
    ),
    read: new Statement(
      compiler
        .selectFrom('heirline_run_events')
        .select(['seq', 'event'])
        .where('run', '=', (where) =>
          where.selectFrom('heirline_runs').select('position').where('run_id', '=', slot('runId')),
        )
        .where('seq', '>', slot<number>('after'))
        .orderBy('seq')
        .limit(slot<number>('limit')),
    ),
    /** Removes the logs of the runs with the positions of a JSON list. */
    forget: new Statement(
      compiler.deleteFrom('heirline_run_events').where('run', 'in', numbers(slot('positions'))),
    ),
  };
}

/** Adds events to the log of a run that a lease owns; within a transaction. */
export function* appendEvents(
  statements: LogStatements & Pick<RunStatements, 'owner'>,
  runId: string,
  events: readonly StoredRunEvent[],
  lease: Lease,
): Steps<void> {
  const [owner] = yield statements.owner.with({ runId: toStoredText(runId) });
  if (owner === undefined || owner['token'] !== toStoredText(lease.token)) throw leaseLost(runId);
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return;
  const position = new StoredRow(owner, `the run '${runId}'`).number('position');
  // A list of JSON texts: so each event is stored as it was written, whatever the database knows of JSON.
  const list = JSON.stringify(events.map((event) => [event.seq, JSON.stringify(event)]));
  yield statements.append.with({ position, events: list });
  const isTurn = Math.floor((first.seq - 1) / TRIM_EVERY) < Math.floor(last.seq / TRIM_EVERY);
  if (isTurn && last.seq > MOST_EVENTS) yield statements.trim.with({ position, seq: last.seq - MOST_EVENTS });
}

/** The rows of a run's events with numbers above `after`. */
export function* readEvents(
  statements: LogStatements,
  runId: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Steps<readonly SqlRow[]> {
  return yield statements.read.with({ runId: toStoredText(runId), after, limit });
}
