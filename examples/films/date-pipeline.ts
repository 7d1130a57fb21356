import {
  contextKey,
  pipeline,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import { FilmError } from './film-error.js';
import type { DatedFilm, TitledFilm } from './film.js';
import { Repairs } from './repairs.js';

/** The last year that a film in the file can be of; a later one is meant a century earlier. */
export const NewestYear = contextKey<number>('newestYear');

interface FilmWithDate {
  readonly film: TitledFilm;
  readonly year: number;
  /** `-05-25` */
  readonly monthAndDay: string;
}

/** Gives a film an ISO release date in the right century. */
@pipeline({ name: 'date', requires: { parameters: [NewestYear], items: [Repairs] } })
export class DatePipeline implements PipelineDefinition<TitledFilm, DatedFilm> {
  define(builder: PipelineBuilder<TitledFilm, DatedFilm>): void {
    const input = builder.addCompositeInput();
    const parse = builder.addTransform(parseDate, { name: 'parse', from: input });
    const century = builder.addTransform(correctCentury, { name: 'century', from: parse });
    const format = builder.addTransform(formatDate, { name: 'format', from: century });
    builder.connect(format, builder.addCompositeOutput());
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Reads 'May 25 1977'. */
function parseDate(film: TitledFilm): FilmWithDate {
  const text = String(film.raw['Release Date']);
  const [, name = '', day = '', year] = /^([A-Z][a-z]{2}) (\d\d) (\d{4})$/.exec(text) ?? [];
  const month = months.indexOf(name) + 1;
  if (month === 0) throw new FilmError('DATE_INVALID', `'${text}' is not a date like May 25 1977.`);
  return { film, year: Number(year), monthAndDay: `-${String(month).padStart(2, '0')}-${day}` };
}

/** Two digits were kept of the year, and 'Gone with the Wind' came out in 2039. */
function correctCentury(dated: FilmWithDate, context: PipelineContext): FilmWithDate {
  if (dated.year <= context.parameters.require(NewestYear)) return dated;
  const year = dated.year - 100;
  context.items.require(Repairs).note('wrong century', `${dated.film.title} (${dated.year})`, String(year));
  return { ...dated, year };
}

function formatDate({ film, year, monthAndDay }: FilmWithDate): DatedFilm {
  return { ...film, released: `${year}${monthAndDay}` };
}
