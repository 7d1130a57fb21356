import { explainRun } from 'heirline';
import { table, whole } from '../format/table.js';
import type { DeadLetter } from './dead-letters.js';
import type { FlightsOutcome } from './run-flights.js';
import { stateTable } from './state-table.js';

const statesShown = 10;

/** The report of a run as text: what ran, what was put aside and why, and the summary. */
export function report({ graph, result, summary, deadLetters }: FlightsOutcome): string {
  const flights = summary.reduce((sum, { departures }) => sum + departures, 0);
  return [
    'Flights: a pipeline of pipelines over real data',
    '',
    `${whole(flights + deadLetters.length)} records = ${whole(flights)} enriched flights + ${whole(deadLetters.length)} dead letters`,
    '',
    'What ran, how many items passed each node, and what each sub-pipeline gets from its parent',
    "(unit ← scheduleUnit: the root's scheduleUnit under another name; given: by the composite above)",
    '',
    explainRun(result, { graph, times: false }),
    '',
    'Dead letters by reason',
    '',
    reasonTable(deadLetters),
    '',
    `Departures by state: the first ${whole(statesShown)} of ${whole(summary.length)}`,
    '',
    stateTable(summary.slice(0, statesShown)),
    '',
    `Written: flights.ndjson (${whole(flights)} lines), dead-letters.ndjson (${whole(deadLetters.length)} lines), by-state.txt`,
  ].join('\n');
}

function reasonTable(letters: readonly DeadLetter[]): string {
  const groups = new Map<string, DeadLetter[]>();
  for (const letter of letters) {
    const group = `${letter.code} ${letter.path}`;
    groups.set(group, [...(groups.get(group) ?? []), letter]);
  }
  const rows = [...groups.values()].flatMap((group) => {
    const [first] = group.sort((one, other) => (one.reason < other.reason ? -1 : 1));
    return first === undefined ? [] : [{ count: group.length, ...first }];
  });
  rows.sort(
    (one, other) => other.count - one.count || (one.code + one.path < other.code + other.path ? -1 : 1),
  );
  return table(
    [
      { title: 'code' },
      { title: 'records', align: 'right' },
      { title: 'failed at' },
      { title: 'for example' },
    ],
    rows.map(({ code, count, path, reason }) => [code, whole(count), path, reason]),
  );
}
