import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CleanFilm } from '../../examples/films/film.js';
import { report } from '../../examples/films/report.js';
import { runFilms, type FilmsOutcome } from '../../examples/films/run-films.js';

type RawFilm = Readonly<Record<string, string | number | null>>;

interface Totals {
  readonly clean: CleanFilm[];
  readonly untitled: RawFilm[];
  readonly withoutGross: RawFilm[];
  /** The titles before and after the repair. */
  readonly repaired: Record<'numbers' | 'letters' | 'articles' | 'centuries', [string, string][]>;
  readonly decades: Map<string, { films: number; grossUs: number; best: CleanFilm }>;
}

// Windows letters that were read as if a Macintosh had written them. The windows-1254 of TextDecoder is used since Node
// 20 reads 0x85 of windows-1252 wrongly; the two differ in Icelandic letters only.
const bytes = Uint8Array.from({ length: 128 }, (_, index) => 128 + index);
const macLetters = new TextDecoder('macintosh').decode(bytes);
const windowsLetters = new TextDecoder('windows-1254').decode(bytes);

/** What the example must come to, computed in one plain loop over the file, which shares no code with the example. */
function plainLoop(films: readonly RawFilm[]): Totals {
  const totals: Totals = {
    ...{ clean: [], untitled: [], withoutGross: [], decades: new Map() },
    repaired: { numbers: [], letters: [], articles: [], centuries: [] },
  };
  const { repaired } = totals;
  for (const film of films) {
    if (film['Title'] === null) {
      totals.untitled.push(film);
      continue;
    }
    const original = String(film['Title']);
    if (original !== film['Title']) repaired.numbers.push([original, original]);
    let title = '';
    for (const letter of original) title += windowsLetters[macLetters.indexOf(letter)] ?? letter;
    if (title !== original) repaired.letters.push([original, title]);
    for (const article of ['The', 'Les'])
      if (title.endsWith(`, ${article}`)) {
        const moved = `${article} ${title.slice(0, -article.length - 2)}`;
        repaired.articles.push([title, moved]);
        title = moved;
      }
    const date = new Date(`${String(film['Release Date'])} UTC`);
    if (date.getUTCFullYear() > 2011) {
      date.setUTCFullYear(date.getUTCFullYear() - 100);
      repaired.centuries.push([title, String(date.getUTCFullYear())]);
    }
    const [grossUs, grossWorldwide] = [film['US Gross'], film['Worldwide Gross']];
    if (typeof grossUs !== 'number' || typeof grossWorldwide !== 'number') {
      totals.withoutGross.push(film);
      continue;
    }
    const budget = film['Production Budget'] as number | null;
    const clean = {
      title,
      released: date.toISOString().slice(0, 10),
      grossUs,
      grossWorldwide,
      budget: budget ?? undefined,
    };
    totals.clean.push(clean);
    const name = `${String(Math.floor(date.getUTCFullYear() / 10))}0s`;
    const decade = totals.decades.get(name) ?? { films: 0, grossUs: 0, best: clean };
    decade.films += 1;
    decade.grossUs += grossUs;
    if (grossWorldwide > decade.best.grossWorldwide) decade.best = clean;
    totals.decades.set(name, decade);
  }
  return totals;
}

describe('the films example', () => {
  let raw: readonly RawFilm[];
  let totals: Totals;
  let outcome: FilmsOutcome;

  beforeAll(async () => {
    const file = new URL('../../examples/data/movies.json', import.meta.url);
    raw = JSON.parse(await readFile(file, 'utf8')) as RawFilm[];
    totals = plainLoop(raw);
    outcome = await runFilms();
  });

  const repaired = (kind: string): string[][] =>
    outcome.repairs.filter((repair) => repair.kind === kind).map(({ before, after }) => [before, after]);

  it('cleans the films that a plain loop cleans, in order, each with its title, its date and its money', () => {
    expect(outcome.films).toEqual(totals.clean);
  });

  it('repairs the titles that are numbers, garbled or sorted', () => {
    expect(repaired('number as title').map(([before]) => before)).toEqual(
      totals.repaired.numbers.map(([before]) => before),
    );
    expect(repaired('garbled letters')).toEqual(totals.repaired.letters);
    expect(repaired('article at the end')).toEqual(totals.repaired.articles);
    const titles = outcome.films.map(({ title }) => title);
    expect(titles).toEqual(
      expect.arrayContaining(['1776', 'Déjà Vu', 'The Naked Gun 2½: The Smell of Fear', 'Alien³']),
    );
  });

  it('puts the year 2039 back into its century', () => {
    expect(repaired('wrong century').map(([before, after]) => [before?.slice(0, -7), after])).toEqual(
      totals.repaired.centuries,
    );
    expect(outcome.films.find(({ title }) => title === 'Gone with the Wind')?.released).toBe('1939-12-15');
  });

  it('puts aside the films without a title and those without a US gross', () => {
    const letters = outcome.deadLetters.map(({ item, path, decidedAt, error }) => [
      error.cause?.code,
      path,
      decidedAt,
      (item as { raw?: RawFilm }).raw ?? item,
    ]);
    expect(letters).toHaveLength(totals.untitled.length + totals.withoutGross.length);
    expect(letters).toEqual(
      expect.arrayContaining([
        ...totals.untitled.map((film) => ['TITLE_MISSING', 'films/title/text', 'films/title', film]),
        ...totals.withoutGross.map((film) => [
          ...['GROSS_NOT_A_NUMBER', 'films/money/gross', 'films/money'],
          film,
        ]),
      ]),
    );
  });

  it('accounts for every film', () => {
    expect(totals.clean.length + totals.untitled.length + totals.withoutGross.length).toBe(raw.length);
    const { nodes } = outcome.result;
    expect(nodes.get('films/file')?.out).toBe(raw.length);
    expect(nodes.get('films/title')?.deadLettered).toBe(totals.untitled.length);
    expect(nodes.get('films/date')?.deadLettered).toBe(0);
    expect(nodes.get('films/money')?.deadLettered).toBe(totals.withoutGross.length);
    expect(nodes.get('films/clean')?.out).toBe(totals.clean.length);
  });

  it('reports the numbers of the plain loop', () => {
    const { clean, untitled, withoutGross, repaired: repairs, decades } = totals;
    const whole = (count: number): string => Math.round(count).toLocaleString('en-US');
    const rows = [
      ['read', raw.length],
      ['clean', clean.length],
      ['dead letters', untitled.length + withoutGross.length],
      ['article at the end', repairs.articles.length],
      ['garbled letters', repairs.letters.length],
      ['number as title', repairs.numbers.length],
      ['wrong century', repairs.centuries.length],
      ['GROSS_NOT_A_NUMBER', withoutGross.length],
      ['TITLE_MISSING', untitled.length],
    ].map(([what, count]) => `${String(what)} ${whole(Number(count))}`);
    const byDecade = [...decades].map(
      ([decade, { films, grossUs, best }]) =>
        `${decade} ${whole(films)} ${whole(grossUs / 1e6)} ${best.title}`,
    );
    const gross = clean.reduce((sum, { grossUs }) => sum + grossUs, 0);
    rows.push(...byDecade.sort(), `all ${whole(clean.length)} ${whole(gross / 1e6)}`);

    const printed = report(outcome)
      .split('\n')
      .map((line) => line.trim().replace(/ +/g, ' '));
    const missing = rows.filter((row) => !printed.some((line) => `${line} `.startsWith(`${row} `)));
    expect(missing).toEqual([]);
    expect(printed.filter((line) => / [\d,]+( |$)/.test(line))).toHaveLength(rows.length);
  });
});
