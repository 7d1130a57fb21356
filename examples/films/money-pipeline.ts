import { pipeline, type PipelineBuilder, type PipelineDefinition } from 'heirline';
import { FilmError } from './film-error.js';
import type { CleanFilm, DatedFilm } from './film.js';

type FilmWithGross = Omit<CleanFilm, 'budget'> & Pick<DatedFilm, 'raw'>;

/** Gives a film its grosses and, where it is known, its budget. It needs nothing and inherits nothing. */
@pipeline({ name: 'money' })
export class MoneyPipeline implements PipelineDefinition<DatedFilm, CleanFilm> {
  define(builder: PipelineBuilder<DatedFilm, CleanFilm>): void {
    const input = builder.addCompositeInput();
    const gross = builder.addTransform(readGross, { name: 'gross', from: input });
    const budget = builder.addTransform(readBudget, { name: 'budget', from: gross });
    builder.connect(budget, builder.addCompositeOutput());
  }
}

/** A gross cannot be guessed: without one the film is of no use. */
function readGross({ title, released, raw }: DatedFilm): FilmWithGross {
  const grossUs = raw['US Gross'];
  const grossWorldwide = raw['Worldwide Gross'];
  if (typeof grossUs === 'number' && typeof grossWorldwide === 'number') {
    return { title, released, raw, grossUs, grossWorldwide };
  }
  throw new FilmError('GROSS_NOT_A_NUMBER', `The US gross of '${title}' is ${String(grossUs)}.`);
}

/** A budget may stay unknown. */
function readBudget({ raw, ...film }: FilmWithGross): CleanFilm {
  const budget = raw['Production Budget'];
  return { ...film, budget: typeof budget === 'number' ? budget : undefined };
}
