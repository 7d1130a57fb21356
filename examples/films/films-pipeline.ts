import {
  errorPolicy,
  pipeline,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import { DatePipeline, NewestYear } from './date-pipeline.js';
import { FilmError } from './film-error.js';
import type { CleanFilm, RawFilm } from './film.js';
import { MoneyPipeline } from './money-pipeline.js';
import { Repairs } from './repairs.js';
import { TitlePipeline } from './title-pipeline.js';

/** Cleans films in three steps; each step is a pipeline, and puts aside what it cannot repair. */
@pipeline({ name: 'films', requires: { parameters: [NewestYear], items: [Repairs] } })
export class FilmsPipeline implements PipelineDefinition {
  readonly #films: Iterable<RawFilm>;
  readonly #keep: (film: CleanFilm, context: PipelineContext) => unknown;

  constructor(films: Iterable<RawFilm>, keep: (film: CleanFilm, context: PipelineContext) => unknown) {
    this.#films = films;
    this.#keep = keep;
  }

  define(builder: PipelineBuilder): void {
    const beyondRepair = errorPolicy({ on: FilmError, then: 'deadLetter' });

    const films = builder.addSource(this.#films, 'file');
    const title = builder.addComposite(TitlePipeline, {
      name: 'title',
      from: films,
      contextConfiguration: { inheritParentItems: { pick: [Repairs] } },
      errorPolicy: beyondRepair,
    });
    const date = builder.addComposite(DatePipeline, {
      name: 'date',
      from: title,
      contextConfiguration: {
        inheritParentItems: { pick: [Repairs] },
        inheritParentParameters: { pick: [NewestYear] },
      },
      errorPolicy: beyondRepair,
    });
    const money = builder.addComposite(MoneyPipeline, {
      name: 'money',
      from: date,
      errorPolicy: beyondRepair,
    });
    builder.connect(money, builder.addSink(this.#keep, 'clean'));
  }
}
