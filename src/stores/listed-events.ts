import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { StoredRunEvent } from '../runs/run-event.js';
import type { SqlDialect } from './sql-dialect.js';
import { slot } from './statement.js';
import type { SqlValues } from './statement.js';

/** How many numbers there are for the events of one run. */
export const NUMBERS = 2 ** 32;

/** The events of the slots `events` and `before`, as a table to be joined with the row of their run. */
export function listedEvents({ parts }: SqlDialect) {
  const before = sql<number>`cast(${slot('before')} as bigint)`;
  return {
    /** One row for each event. */
    table: parts(slot('events')),
    /** What such a row becomes in the table of events. */
    columns: [
      sql<number>`${placeOf(sql.ref<number>('position'))} + ${before} + part.number`.as('place'),
      sql<string>`cast(part.value as text)`.as('event'),
    ],
  } as const;
}

/** The place of a run's event number 0, or of that of a later run. */
export function placeOf(position: RawBuilder<number>, later = 0): RawBuilder<number> {
  return sql<number>`(${position} + ${sql.lit(later)}) * ${sql.lit(NUMBERS)}`;
}

/** The values for {@link listedEvents}: of events whose numbers follow one another. */
export function valuesOfEvents(events: readonly StoredRunEvent[]): SqlValues {
  return { before: (events[0]?.seq ?? 1) - 1, events: JSON.stringify(events) };
}
