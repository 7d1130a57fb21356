import {
  circuitBreaker,
  contextKey,
  errorPolicy,
  exponential,
  pipeline,
  PipelineError,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import { fetchRating } from './fetch-rating.js';
import type { FilmName, Rating } from './film.js';
import { BusyError, ServiceDownError } from './service-errors.js';

/** Where the service is. */
export const ServiceUrl = contextKey<string>('serviceUrl');

/** Asks the service for the rating of a film, as often as is of use and no more often. */
@pipeline({ name: 'rating', requires: { parameters: [ServiceUrl] } })
export class RatingPipeline implements PipelineDefinition<FilmName, Rating> {
  define(builder: PipelineBuilder<FilmName, Rating>): void {
    const check = builder.addTransform(withTitle, { name: 'check', from: builder.addCompositeInput() });
    const ask = builder.addTransform(
      (film, { parameters, signal }) => fetchRating(parameters.require(ServiceUrl), film, signal),
      {
        name: 'ask',
        from: check,
        timeoutMs: 500,
        errorPolicy: errorPolicy(
          // The service knows best when to come again; a film that would have to wait for long is put aside.
          {
            on: BusyError,
            then: {
              retry: {
                attempts: 10,
                withinMs: 60_000,
                delay: (_attempt, error: BusyError) => error.retryAfterMs,
              },
            },
          },
          // A service that fails may work in a moment.
          { on: isDown, then: { retry: { attempts: 4, delay: exponential(20, { jitter: 'full' }) } } },
        ),
        // A service that goes on failing is left alone. A busy one works, so `on` leaves BusyError out.
        circuitBreaker: circuitBreaker({ on: isDown, threshold: 10, windowMs: 1_000, openMs: 60_000 }),
      },
    );
    builder.connect(ask, builder.addCompositeOutput());
  }
}

function withTitle(film: FilmName): FilmName {
  if (film.title !== null) return film;
  throw new TypeError(`a film of ${film.released} has no title`);
}

function isDown(error: unknown): boolean {
  return (
    error instanceof ServiceDownError || (error instanceof PipelineError && error.code === 'NODE_TIMEOUT')
  );
}
