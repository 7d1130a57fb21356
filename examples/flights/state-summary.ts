import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SinkNode, type PipelineContext } from 'heirline';
import type { EnrichedFlight } from './flight.js';
import { OutputFolder, Summary } from './keys.js';
import { stateTable, type StateRow } from './state-table.js';

/** Sums departures up by state; its `flush` leaves the rows in the run's context and in `by-state.txt`. */
export class StateSummary extends SinkNode<EnrichedFlight> {
  readonly #rows = new Map<string, StateRow>();

  write({ from: { state }, delay, distance }: EnrichedFlight): void {
    const row = this.#rows.get(state) ?? { state, departures: 0, delayMinutes: 0, late: 0, distance: 0 };
    this.#rows.set(state, {
      state,
      departures: row.departures + 1,
      delayMinutes: row.delayMinutes + delay,
      late: row.late + (delay > 15 ? 1 : 0),
      distance: row.distance + distance,
    });
  }

  override async flush(context: PipelineContext): Promise<void> {
    const rows = [...this.#rows.values()].sort(byDepartures);
    context.properties.set(Summary, rows);
    await writeFile(join(context.parameters.require(OutputFolder), 'by-state.txt'), `${stateTable(rows)}\n`);
  }
}

function byDepartures(one: StateRow, other: StateRow): number {
  return other.departures - one.departures || (one.state < other.state ? -1 : 1);
}
