import { percent, table, whole } from '../format/table.js';

/** The departures of one state. */
export interface StateRow {
  readonly state: string;
  readonly departures: number;
  readonly delayMinutes: number;
  /** Departures more than 15 minutes late. */
  readonly late: number;
  readonly distance: number;
}

/** The rows as a table of text. */
export function stateTable(rows: readonly StateRow[]): string {
  return table(
    [
      { title: 'state' },
      { title: 'departures', align: 'right' },
      { title: 'mean delay', align: 'right' },
      { title: 'over 15 min late', align: 'right' },
      { title: 'miles', align: 'right' },
    ],
    rows.map(({ state, departures, delayMinutes, late, distance }) => [
      state,
      whole(departures),
      `${(delayMinutes / departures).toFixed(1)} min`,
      percent(late / departures),
      whole(distance),
    ]),
  );
}
