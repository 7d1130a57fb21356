/** The service has no rating of the film: asking again is of no use. */
export class UnknownFilmError extends Error {
  override readonly name = 'UnknownFilmError';
}

/** The service is asked too often, and says when to come again. */
export class BusyError extends Error {
  override readonly name = 'BusyError';

  constructor(readonly retryAfterMs: number) {
    super(`the service is busy for ${String(retryAfterMs)} ms`);
  }
}

/** The service fails, or cannot be reached. */
export class ServiceDownError extends Error {
  override readonly name = 'ServiceDownError';
}
