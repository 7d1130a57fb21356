import { table, whole } from '../format/table.js';
import type { RatedFilm } from './film.js';
import type { EnrichmentOutcome } from './run-enrichment.js';

/** The report of both runs as text. */
export function report(outcome: EnrichmentOutcome): string {
  const { films, night, morning } = outcome;
  return [
    `Unreliable enrichment: ${whole(films)} films, and a service of ratings that has a bad night`,
    '',
    table(
      [{ title: 'the service' }, { title: 'times', align: 'right' }, { title: 'the pipeline' }],
      [
        ['fails with 503', whole(night.requests.failed), 'asks again after a short wait'],
        ['does not answer', whole(night.requests.stalled), 'stops waiting after 500 ms, and asks again'],
        ['wants a rest (429)', whole(night.requests.limited), 'waits as long as Retry-After says'],
        [
          'does not know a film',
          whole(night.rated.length - by('audience', night.rated)),
          'takes what the critics say, if anything: a fallback',
        ],
        [
          'goes down',
          whole(night.circuits.filter(({ state }) => state === 'open').length),
          'opens its circuit, leaves the service alone, and writes dead letters',
        ],
      ],
    ),
    '',
    `In the morning the service is up again, and ${whole(night.letters.length)} dead letters are run again`,
    '',
    account(outcome),
    '',
    ...morning.letters.map(
      ({ path, attempts, error }) =>
        `Left: ${path} failed ${String(attempts)} times, ${error.cause?.message ?? error.message}`,
    ),
  ].join('\n');
}

/** Where each film is; the last row is the sum of those above. */
function account({ night, morning }: EnrichmentOutcome): string {
  const columns = [
    [night.rated, night.letters],
    [morning.rated, morning.letters],
    [[...night.rated, ...morning.rated], morning.letters],
  ] as const;
  const row = (title: string, count: (column: (typeof columns)[number]) => number): string[] => [
    title,
    ...columns.map((column) => whole(count(column))),
  ];
  return table(
    [
      { title: 'films' },
      { title: 'night', align: 'right' },
      { title: 'morning', align: 'right' },
      { title: 'both', align: 'right' },
    ],
    [
      row('rated by the audience', ([rated]) => by('audience', rated)),
      row('rated by the critics', ([rated]) => by('critics', rated)),
      row('rated by nobody', ([rated]) => by('nobody', rated)),
      row('dead letters', ([, letters]) => letters.length),
      row('all', ([rated, letters]) => rated.length + letters.length),
    ],
  );
}

function by(whose: RatedFilm['ratedBy'], films: readonly RatedFilm[]): number {
  return films.filter(({ ratedBy }) => ratedBy === whose).length;
}
