import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { report } from '../../examples/unreliable-enrichment/report.js';
import {
  runEnrichment,
  type EnrichmentOutcome,
} from '../../examples/unreliable-enrichment/run-enrichment.js';

interface RawFilm {
  readonly Title: string | number | null;
  readonly 'Release Date': string;
  readonly 'IMDB Rating': number | null;
  readonly 'Rotten Tomatoes Rating': number | null;
}

/** `Titanic, Dec 19 1997: audience 7.4` */
type Line = string;

const lineOf = (film: {
  title: unknown;
  released: string;
  ratedBy: string;
  rating: number | undefined;
}): Line => `${String(film.title)}, ${film.released}: ${film.ratedBy} ${String(film.rating)}`;

/** What must become of each film, in one plain loop over the file, which shares no code with the example. */
function plainLoop(films: readonly RawFilm[]): { night: Line[]; morning: Line[]; left: RawFilm[] } {
  const night: Line[] = [];
  const morning: Line[] = [];
  const left: RawFilm[] = [];
  let number = 0;
  for (const film of films) {
    number += 1;
    if (film.Title === null) {
      left.push(film);
      continue;
    }
    const name = `${film.Title}, ${film['Release Date']}`;
    let line = `${name}: nobody undefined`;
    if (film['Rotten Tomatoes Rating'] !== null)
      line = `${name}: critics ${film['Rotten Tomatoes Rating'] / 10}`;
    if (film['IMDB Rating'] !== null) line = `${name}: audience ${film['IMDB Rating']}`;
    // The service goes down behind the 2,800th film.
    if (number <= 2_800) night.push(line);
    else morning.push(line);
  }
  return { night, morning, left };
}

describe('the example of unreliable enrichment', () => {
  let folder: string;
  let raw: readonly RawFilm[];
  let expected: ReturnType<typeof plainLoop>;
  let outcome: EnrichmentOutcome;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'heirline-enrichment-test-'));
    const file = new URL('../../examples/data/movies.json', import.meta.url);
    raw = JSON.parse(await readFile(file, 'utf8')) as RawFilm[];
    expected = plainLoop(raw);
    outcome = await runEnrichment(folder);
  }, 60_000);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('rates at night all films that the service is asked for before it goes down, in order', () => {
    expect(outcome.night.rated.map(lineOf)).toEqual(expected.night);
  });

  it('puts all others aside, each once', () => {
    const names = outcome.night.letters.map(({ item }) => item);
    expect(names).toEqual(
      raw.slice(2_800).map((film) => ({
        title: film.Title === null ? null : String(film.Title),
        released: film['Release Date'],
        critics: film['Rotten Tomatoes Rating'],
      })),
    );
  });

  it('rates in the morning what was put aside at night', () => {
    expect(outcome.morning.rated.map(lineOf).sort()).toEqual([...expected.morning].sort());
    expect(outcome.morning.tally).toEqual({
      replayed: raw.length - 2_800,
      succeeded: expected.morning.length,
      failedAgain: expected.left.length,
    });
  });

  it('keeps the film without a title, which no service can mend', () => {
    expect(expected.left).toHaveLength(1);
    expect(outcome.morning.letters).toMatchObject(
      expected.left.map((film) => ({
        item: { title: null, released: film['Release Date'] },
        path: 'films/rating/check',
        decidedAt: 'films/rating',
        replays: [{ outcome: 'failedAgain' }],
      })),
    );
  });

  it('accounts for every film', () => {
    const sum = expected.night.length + expected.morning.length + expected.left.length;
    expect(sum).toBe(raw.length);
    const { night, morning } = outcome;
    expect(night.rated.length + night.letters.length).toBe(sum);
    expect(night.rated.length + morning.rated.length + morning.letters.length).toBe(sum);
    const of = (whose: string): number =>
      [...expected.night, ...expected.morning].filter((line) => line.includes(`: ${whose} `)).length;
    const shown = [of('audience'), of('critics'), of('nobody'), expected.left.length, sum];
    const rows = report(outcome)
      .split('\n')
      .filter((line) => /^ {2}(rated by|dead letters|all)/.test(line));
    expect(rows.map((line) => Number(line.trim().split(/ +/).at(-1)?.replace(',', '')))).toEqual(shown);
  });

  it('asks again after a failure, a stall and a rest, and leaves a service alone that is down', () => {
    const { requests, circuits } = outcome.night;
    // A client that came back before its time would be limited once more.
    expect(requests).toMatchObject({ failed: 3, stalled: 2, limited: 2 });
    expect(requests.dropped).toBeGreaterThan(0);
    expect(requests.dropped).toBeLessThan(30);
    expect(circuits).toMatchObject([{ path: 'films/rating/ask', state: 'open' }]);
  });
});
