import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { runFilms, type FilmsOutcome } from '../../examples/films/run-films.js';

type RawFilm = Record<string, unknown>;

describe('the films example', () => {
  let raw: RawFilm[];
  let outcome: FilmsOutcome;

  beforeAll(async () => {
    const file = new URL('../../examples/data/movies.json', import.meta.url);
    raw = JSON.parse(await readFile(file, 'utf8')) as RawFilm[];
    outcome = await runFilms();
  });

  const hasTitle = (film: RawFilm): boolean => film['Title'] !== null;
  const hasGross = (film: RawFilm): boolean => typeof film['US Gross'] === 'number';
  const yearOf = (film: RawFilm): number => Number(String(film['Release Date']).slice(-4));

  const repaired = (kind: string): FilmsOutcome['repairs'] =>
    outcome.repairs.filter((repair) => repair.kind === kind);
  const deadLettered = (code: string): FilmsOutcome['deadLetters'] =>
    outcome.deadLetters.filter(({ error }) => error.cause?.code === code);

  it('turns titles that are numbers into texts', () => {
    const numeric = raw
      .filter((film) => typeof film['Title'] === 'number')
      .map((film) => String(film['Title']));
    expect(numeric).toHaveLength(9);
    expect(numeric).toContain('1776');
    expect(repaired('number as title').map(({ before }) => before)).toEqual(numeric);
    const titles = outcome.films.map(({ title }) => title);
    expect(titles.filter((title) => typeof title !== 'string')).toEqual([]);
    expect(titles).toEqual(expect.arrayContaining(numeric));
  });

  it('puts the film without a title aside', () => {
    const untitled = raw.filter((film) => !hasTitle(film));
    expect(untitled).toHaveLength(1);
    const letters = deadLettered('TITLE_MISSING');
    expect(letters.map(({ item }) => item)).toEqual(untitled);
    expect(letters.map(({ path, decidedAt }) => [path, decidedAt])).toEqual([
      ['films/title/text', 'films/title'],
    ]);
  });

  it('puts films without a US gross aside', () => {
    const unknown = raw.filter((film) => hasTitle(film) && !hasGross(film));
    expect(unknown).toHaveLength(7);
    const letters = deadLettered('GROSS_NOT_A_NUMBER');
    expect(letters.map(({ item }) => (item as { raw: RawFilm }).raw)).toEqual(unknown);
  });

  it('puts the year 2039 back into its century', () => {
    const late = raw.filter((film) => hasTitle(film) && yearOf(film) > 2011);
    expect(late.length).toBeGreaterThan(0);
    expect(repaired('wrong century').map(({ after }) => Number(after))).toEqual(
      late.map((film) => yearOf(film) - 100),
    );
    expect(outcome.films.find(({ title }) => title === 'Gone with the Wind')?.released).toBe('1939-12-15');
  });

  it('restores garbled letters and articles', () => {
    const titles = outcome.films.map(({ title }) => title);
    expect(titles).toEqual(
      expect.arrayContaining(['Léon', 'Déjà Vu', 'The Naked Gun 2½: The Smell of Fear', 'Alien³']),
    );
    expect(titles.filter((title) => /[ÈÍ˘ÖΩÛ‰‡Ë·ÙÎ]/.test(title))).toEqual([]);
    const sorted = raw.filter((film) => /, (The|Les)$/.test(String(film['Title'])));
    expect(repaired('article at the end')).toHaveLength(sorted.length);
  });

  it('lets every other film through, in order and with its money', () => {
    const clean = raw.filter((film) => hasTitle(film) && hasGross(film));
    expect(clean).toHaveLength(raw.length - 1 - 7);
    expect(outcome.films.map(({ grossUs, grossWorldwide }) => [grossUs, grossWorldwide])).toEqual(
      clean.map((film) => [film['US Gross'], film['Worldwide Gross']]),
    );
    expect(outcome.films.map(({ budget }) => budget ?? null)).toEqual(
      clean.map((film) => film['Production Budget']),
    );
    expect(outcome.films.filter(({ released }) => !/^(19|20)\d\d-\d\d-\d\d$/.test(released))).toEqual([]);
  });

  it('accounts for every film', () => {
    const { nodes } = outcome.result;
    expect(nodes.get('films/file')?.out).toBe(raw.length);
    expect(nodes.get('films/title')?.deadLettered).toBe(1);
    expect(nodes.get('films/date')?.deadLettered).toBe(0);
    expect(nodes.get('films/money')?.deadLettered).toBe(7);
    expect(nodes.get('films/clean')?.out).toBe(outcome.films.length);
  });
});
