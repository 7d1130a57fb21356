import { table, whole } from '../format/table.js';
import type { CleanFilm } from './film.js';
import type { FilmsOutcome } from './run-films.js';

/** The report of a run as text. */
export function report({ result, films, repairs, deadLetters }: FilmsOutcome): string {
  const read = result.nodes.get('films/file')?.out ?? 0;
  return [
    'Films: a dirty file, cleaned by three sub-pipelines',
    '',
    totals(read, films, deadLetters.length),
    '',
    'Repaired',
    '',
    table(
      [{ title: 'what' }, { title: 'films', align: 'right' }, { title: 'for example' }],
      groups(repairs, ({ kind }) => kind).map(([kind, [first, ...others]]) => [
        kind,
        whole(1 + others.length),
        `${first.before} → ${first.after}`,
      ]),
    ),
    '',
    'Beyond repair: dead letters by reason',
    '',
    table(
      [
        { title: 'reason' },
        { title: 'films', align: 'right' },
        { title: 'failed at' },
        { title: 'for example' },
      ],
      groups(deadLetters, ({ error }) => error.cause?.code ?? error.name).map(
        ([code, [first, ...others]]) => [
          code,
          whole(1 + others.length),
          first.path,
          first.error.cause?.message ?? '',
        ],
      ),
    ),
    '',
    'Clean films by decade',
    '',
    decades(films),
  ].join('\n');
}

function totals(read: number, films: readonly CleanFilm[], deadLettered: number): string {
  return table(
    [{ title: 'films' }, { title: 'count', align: 'right' }],
    [
      ['read', whole(read)],
      ['clean', whole(films.length)],
      ['dead letters', whole(deadLettered)],
    ],
  );
}

function decades(films: readonly CleanFilm[]): string {
  const rows = groups(films, ({ released }) => `${released.slice(0, 3)}0s`).map(
    ([decade, [first, ...others]]) => {
      const all = [first, ...others];
      const best = all.reduce((one, other) => (other.grossWorldwide > one.grossWorldwide ? other : one));
      return [decade, whole(all.length), millions(all, ({ grossUs }) => grossUs), best.title];
    },
  );
  const total = ['all', whole(films.length), millions(films, ({ grossUs }) => grossUs), ''];
  return table(
    [
      { title: 'decade' },
      { title: 'films', align: 'right' },
      { title: 'US gross, million $', align: 'right' },
      { title: 'highest grossing worldwide' },
    ],
    [...rows, total],
  );
}

function millions(films: readonly CleanFilm[], amount: (film: CleanFilm) => number): string {
  return whole(films.reduce((sum, film) => sum + amount(film), 0) / 1e6);
}

/** Groups items by a text, sorted by it; no group is empty. */
function groups<T>(items: readonly T[], by: (item: T) => string): [string, [T, ...T[]]][] {
  const found = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const group = found.get(by(item));
    if (group) group.push(item);
    else found.set(by(item), [item]);
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1));
}
