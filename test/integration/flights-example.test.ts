import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { report } from '../../examples/flights/report.js';
import { runFlights, type FlightsOutcome } from '../../examples/flights/run-flights.js';

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

interface Totals {
  readonly enriched: Flight[];
  readonly implausible: Flight[];
  readonly states: Map<string, { departures: number; delay: number; late: number; distance: number }>;
}

const data = (file: string): Promise<string> =>
  readFile(new URL(`../../examples/data/${file}`, import.meta.url), 'utf8');

/** The fields of one line of CSV, whose quoted fields may hold commas. */
function fields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
}

/** Miles between two places by their angle seen from the centre of the earth: not the formula of the example. */
function milesBetween(from: readonly number[], to: readonly number[]): number {
  const dot = from.reduce((sum, value, axis) => sum + value * (to[axis] ?? 0), 0);
  return 3958.8 * Math.acos(Math.min(1, dot));
}

/** What the example must come to, computed in one plain loop from the data files. */
async function plainLoop(): Promise<Totals> {
  const airports = new Map<string, { state: string; vector: number[] }>();
  for (const line of (await data('airports.csv')).trim().split('\n').slice(1)) {
    const [code = '', , , state = '', , latitude, longitude] = fields(line.trim());
    const [phi, lambda] = [latitude, longitude].map((degrees) => (Number(degrees) / 180) * Math.PI);
    if (phi === undefined || lambda === undefined) throw new TypeError(line);
    const vector = [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
    airports.set(code, { state, vector });
  }
  const totals: Totals = { enriched: [], implausible: [], states: new Map() };
  for (const flight of JSON.parse(await data('flights-20k.json')) as Flight[]) {
    const from = airports.get(flight.origin);
    const to = airports.get(flight.destination);
    if (from === undefined || to === undefined)
      throw new TypeError('the real flights have known airports only');
    const miles = milesBetween(from.vector, to.vector);
    if (Math.abs(flight.distance - miles) > miles / 100) {
      totals.implausible.push(flight);
      continue;
    }
    totals.enriched.push(flight);
    const state = totals.states.get(from.state) ?? { departures: 0, delay: 0, late: 0, distance: 0 };
    state.departures += 1;
    state.delay += flight.delay;
    state.late += Number(flight.delay > 15);
    state.distance += flight.distance;
    totals.states.set(from.state, state);
  }
  return totals;
}

/** The reason of each record in `flights-broken.json`, in the order of the file. */
const brokenReasons = [
  ...Array<string>(5).fill('RECORD_NOT_AN_OBJECT'),
  ...Array<string>(6).fill('FIELD_MISSING'),
  ...Array<string>(4).fill('FIELD_NOT_TEXT'),
  ...Array<string>(4).fill('FIELD_NOT_A_NUMBER'),
  ...Array<string>(2).fill('DATE_INVALID'),
  ...Array<string>(2).fill('DISTANCE_NOT_POSITIVE'),
  ...Array<string>(2).fill('AIRPORT_UNKNOWN'),
  'AIRPORT_CODE_INVALID',
  'SAME_AIRPORT',
  ...Array<string>(3).fill('DISTANCE_IMPLAUSIBLE'),
];

describe('the flights example', () => {
  let folder: string;
  let outcome: FlightsOutcome;
  let totals: Totals;
  let broken: unknown[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'heirline-flights-test-'));
    [outcome, totals, broken] = await Promise.all([
      runFlights({ folder }),
      plainLoop(),
      data('flights-broken.json').then((text) => JSON.parse(text) as unknown[]),
    ]);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const counts = (path: string): unknown => outcome.result.nodes.get(path);

  it('is drawn in the README as it is', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const drawing = outcome.graph.toMermaid({ keys: true, direction: 'down' });

    expect(readme).toContain(`\`\`\`mermaid\n${drawing}\n\`\`\`\n`);
  });

  it('takes all flights and every broken record, and loses none', () => {
    expect(totals.enriched.length + totals.implausible.length).toBe(20_000);
    expect(broken.length).toBeGreaterThanOrEqual(20);
    expect(counts('flights/schedule')).toMatchObject({ in: 20_000, out: 20_000 });
    expect(counts('flights/broken')).toMatchObject({ in: broken.length, out: broken.length });
    expect(counts('flights/enrich')).toMatchObject({
      in: 20_000 + broken.length,
      out: totals.enriched.length,
      deadLettered: totals.implausible.length + broken.length,
      failed: 0,
      cancelled: 0,
    });
    expect(counts('flights/file')).toMatchObject({ in: totals.enriched.length, out: totals.enriched.length });
  });

  it('sums departures up by state as a plain loop does', () => {
    const summary = outcome.summary.map(({ state, departures, delayMinutes, late, distance }) => [
      state,
      { departures, delay: delayMinutes, late, distance },
    ]);
    expect(Object.fromEntries(summary)).toEqual(Object.fromEntries(totals.states));
  });

  it('writes every enriched flight to flights.ndjson, in the order of the schedule', async () => {
    const lines = (await readFile(join(folder, 'flights.ndjson'), 'utf8')).trim().split('\n');
    const written = lines.map((line) => {
      const { date, delay, distance, from, to } = JSON.parse(line) as Flight & {
        from: { code: string };
        to: { code: string };
      };
      return { date, delay, distance, origin: from.code, destination: to.code };
    });
    expect(written).toEqual(totals.enriched);
  });

  it('puts aside each broken record with the code of its reason', () => {
    const found = outcome.deadLetters.filter(({ item }) => !totals.implausible.some(sameAs(item)));
    const inOrder = broken.map((record) => found.find(({ item }) => sameAs(item)(record))?.code);
    expect(inOrder).toEqual(brokenReasons);
    expect(found).toHaveLength(broken.length);
  });

  it('puts aside the flights of the schedule whose distance is off by more than 1%', () => {
    const found = outcome.deadLetters.filter(({ item }) => !broken.some(sameAs(item)));
    expect(found.map(({ item }) => item)).toEqual(totals.implausible);
    for (const { code, path } of found) {
      expect([code, path]).toEqual(['DISTANCE_IMPLAUSIBLE', 'flights/enrich/measure/compare']);
    }
  });

  it('writes dead letters and the state table to files', async () => {
    const letters = (await readFile(join(folder, 'dead-letters.ndjson'), 'utf8')).trim().split('\n');
    expect(letters.map((line) => JSON.parse(line) as unknown)).toEqual(outcome.deadLetters);
    const table = await readFile(join(folder, 'by-state.txt'), 'utf8');
    expect(table.trimEnd().split('\n')).toHaveLength(2 + totals.states.size);
  });

  it('tells who inherits what, and reports without paths of the machine', () => {
    const text = report(outcome);
    expect(text).not.toContain(folder);
    expect(text).toContain('unit ← scheduleUnit');
    expect(text).toContain(totals.enriched.length.toLocaleString('en-US'));
    expect(outcome.graph.childGraphs.get('enrich')?.childGraphs.get('origin')?.name).toBe('locate');
  });
});

function sameAs(item: unknown): (other: unknown) => boolean {
  const text = JSON.stringify(item);
  return (other) => JSON.stringify(other) === text;
}
