import { sql } from 'kysely';
import { leaseLost } from '../errors/run-errors.js';
import { MOST_EVENTS } from '../runs/memory-run-log.js';
import type { StoredRunEvent } from '../runs/run-event.js';
import type { Lease } from '../runs/run-store.js';
import { listedEvents, NUMBERS, placeOf, valuesOfEvents } from './listed-events.js';
import type { RunStatements } from './run-statements.js';
import type { SqlDialect } from './sql-dialect.js';
import { mergedValues, slot, Statement } from './statement.js';
import type { SqlRow, Steps } from './statement.js';
import { toStoredText } from './stored-text.js';

/** Old events are removed once in so many: not each append pays for it. */
const TRIM_EVERY = 1000;

/** The statements about logs, compiled once for a store. */
export type LogStatements = ReturnType<typeof logStatements>;

/** Compiles the statements about logs for a database. */
export function logStatements(dialect: SqlDialect) {
  const { compiler, parts, hasRowLocks } = dialect;
  const runs = compiler.selectFrom('heirline_runs').where('run_id', '=', slot('runId'));
  const seq = sql<number>`cast(${slot('seq')} as bigint)`;
  const position = sql.ref<number>('position');
  const listed = sql<number>`cast(cast(part.value as text) as bigint)`;
  const listedRows = listedEvents(dialect);
  const firstOfRun = runs.select(placeOf(position).as('place'));
  const firstOfNext = runs.select(placeOf(position, 1).as('place'));
  return {
    /** Adds events where the run belongs to a lease; tells whether one of them was new. */
    append: new Statement(
      compiler
        .insertInto('heirline_run_events')
        .columns(['place', 'event'])
        .expression(
          runs
            .innerJoin(listedRows.table, (join) => join.onTrue())
            .where('token', '=', slot('token'))
            .select(listedRows.columns)
            // The run must not get another owner before its events are there.
            .$if(hasRowLocks, (query) => query.forShare('heirline_runs')),
        )
        .onConflict((conflict) => conflict.doNothing()),
      'written',
    ),
    trim: new Statement(
      compiler
        .deleteFrom('heirline_run_events')
        .where('place', '>=', firstOfRun)
        .where('place', '<=', sql<number>`${firstOfRun} + ${seq}`),
    ),
    read: new Statement(
      compiler
        .selectFrom('heirline_run_events')
        .select('event')
        .where('place', '>', sql<number>`${firstOfRun} + ${seq}`)
        .where('place', '<', firstOfNext)
        .orderBy('place')
        .limit(slot<number>('limit')),
    ),
    /** What the log got with the end of the run. */
    last: new Statement(runs.select('last_events').where('last_events', 'is not', null), 'row'),
    /** Removes the logs of the runs with the positions of a JSON list. */
    forget: new Statement(
      compiler.deleteFrom('heirline_run_events').where(
        'place',
        'in',
        compiler
          .selectFrom(parts(slot('positions')))
          // In this order: else all events would be gone through.
          .crossJoin('heirline_run_events as event')
          .where('event.place', '>=', placeOf(listed))
          .where('event.place', '<', placeOf(listed, 1))
          .select('event.place'),
      ),
    ),
  };
}

/** Adds events to the log of a run that a lease owns. */
export function* appendEvents(
  statements: LogStatements & Pick<RunStatements, 'owner'>,
  runId: string,
  events: readonly StoredRunEvent[],
  lease: Lease,
): Steps<void> {
  if (yield* addEvents(statements, runId, events, lease.token)) return;
  // Either all of them were there already, or the run belongs to somebody else.
  const [owner] = yield statements.owner.with({ runId: toStoredText(runId) });
  if (owner?.['token'] !== toStoredText(lease.token)) throw leaseLost(runId);
}

/** Adds events where the run belongs to the lease with a token; tells whether one of them was new. */
export function* addEvents(
  statements: LogStatements,
  runId: string,
  events: readonly StoredRunEvent[],
  token: string,
): Steps<boolean> {
  const owned = { runId: toStoredText(runId), token: toStoredText(token) };
  const added = yield statements.append.with(mergedValues(valuesOfEvents(events), owned));
  if (added.length === 0) return false;
  yield* trimLog(statements, runId, events);
  return true;
}

/** Removes events that are old now that others are stored, if it is their turn. */
function* trimLog(statements: LogStatements, runId: string, events: readonly StoredRunEvent[]): Steps<void> {
  const seq = trimmedUpTo(events);
  if (seq !== undefined) yield statements.trim.with({ runId: toStoredText(runId), seq });
}

/** Up to which number events are old now that these are stored; undefined where it is not the turn to remove them. */
function trimmedUpTo(events: readonly StoredRunEvent[]): number | undefined {
  const [first, last] = [events[0]?.seq ?? 0, events.at(-1)?.seq ?? 0];
  const isTurn = Math.floor((first - 1) / TRIM_EVERY) < Math.floor(last / TRIM_EVERY);
  return isTurn && last > MOST_EVENTS ? last - MOST_EVENTS : undefined;
}

/** Which events of a log are asked for: so many with numbers above `after`. */
interface EventRange {
  readonly after: number;
  readonly limit: number;
}

/** The rows of a run's events in a range, and the row of what its log got with its end, if it did. */
export function* readEvents(
  statements: LogStatements,
  runId: string,
  { after, limit }: EventRange,
): Steps<{ readonly added: readonly SqlRow[]; readonly last: readonly SqlRow[] }> {
  const place = { runId: toStoredText(runId) };
  // First the row: what is added meanwhile is found too.
  const last = yield statements.last.with(place);
  // Never a place of another run.
  const seq = Math.min(Math.max(after, 0), NUMBERS - 1);
  return { added: yield statements.read.with({ ...place, seq, limit }), last };
}

/** The events of a range in their order, each number once: of the two lists the first one counts. */
export function mergedEvents(
  added: readonly StoredRunEvent[],
  last: readonly StoredRunEvent[],
  { after, limit }: EventRange,
): readonly StoredRunEvent[] {
  const known = new Set(added.map(({ seq }) => seq));
  const others = last.filter(({ seq }) => seq > after && !known.has(seq));
  return [...added, ...others].sort((one, other) => one.seq - other.seq).slice(0, limit);
}
