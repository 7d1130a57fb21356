import {
  CompositeContextConfiguration,
  errorPolicy,
  pipeline,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import type { Film, RatedFilm } from './film.js';
import { RatingPipeline, ServiceUrl } from './rating-pipeline.js';
import { UnknownFilmError } from './service-errors.js';

/** Gives each film the rating of its audience, else that of the critics; what fails is put aside. */
@pipeline({ name: 'films', requires: { parameters: [ServiceUrl] } })
export class FilmsPipeline implements PipelineDefinition {
  readonly #films: Iterable<Film>;
  readonly #save: (film: RatedFilm) => unknown;

  constructor(films: Iterable<Film>, save: (film: RatedFilm) => unknown) {
    this.#films = films;
    this.#save = save;
  }

  define(builder: PipelineBuilder): void {
    // One film after the other, so that every run prints the same; `concurrency: 8` would ask for eight at once.
    const rated = builder.addComposite(RatingPipeline, {
      name: 'rating',
      from: builder.addSource(this.#films, 'file'),
      contextConfiguration: CompositeContextConfiguration.required,
      input: ({ title, released }) => ({ title, released }),
      combine: ({ title, released }, { rating }): RatedFilm => ({
        title,
        released,
        ratedBy: 'audience',
        rating,
      }),
      errorPolicy: errorPolicy(
        { on: UnknownFilmError, then: { fallback: ratedByCritics } },
        { then: 'deadLetter' },
      ),
    });
    builder.addSink((film: RatedFilm) => this.#save(film), { name: 'save', from: rated });
  }
}

function ratedByCritics({ title, released, critics }: Film): RatedFilm {
  return critics === null
    ? { title, released, ratedBy: 'nobody', rating: undefined }
    : { title, released, ratedBy: 'critics', rating: critics / 10 };
}
