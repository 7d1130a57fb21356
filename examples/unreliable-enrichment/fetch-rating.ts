import type { FilmName, Rating } from './film.js';
import { BusyError, ServiceDownError, UnknownFilmError } from './service-errors.js';

/**
 * Asks the service for the rating of a film.
 *
 * @throws {@link UnknownFilmError}, {@link BusyError} or {@link ServiceDownError}; what the signal was aborted with.
 */
export async function fetchRating(url: string, film: FilmName, signal: AbortSignal): Promise<Rating> {
  const query = new URLSearchParams({ title: film.title ?? '', released: film.released });
  try {
    const response = await fetch(`${url}/?${query.toString()}`, { signal });
    if (response.ok) return (await response.json()) as Rating;
    await response.body?.cancel(); // lets go of the connection
    throw errorOf(response);
  } catch (error) {
    // `fetch` throws it when there is no answer.
    if (error instanceof TypeError)
      throw new ServiceDownError('the service gives no answer', { cause: error });
    throw error;
  }
}

function errorOf({ status, headers }: Response): Error {
  if (status === 404) return new UnknownFilmError('the service does not know the film');
  if (status === 429) return new BusyError(retryAfterMs(headers.get('retry-after')));
  return new ServiceDownError(`the service answered ${String(status)}`);
}

/** Reads `Retry-After`, which is a number of seconds or a date; a second where it is neither. */
export function retryAfterMs(header: string | null, now = Date.now()): number {
  const seconds = Number(header ?? '1');
  const ms = Number.isNaN(seconds) ? Date.parse(header ?? '') - now : 1000 * seconds;
  return Number.isFinite(ms) ? Math.max(0, ms) : 1000;
}
