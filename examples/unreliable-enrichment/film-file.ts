import { readFile } from 'node:fs/promises';
import { keyOf, type Film, type Rating } from './film.js';

/** The two parts of the file: what the pipeline gets, and what only the service knows. */
export interface FilmFile {
  readonly films: readonly Film[];
  readonly ratings: ReadonlyMap<string, Rating>;
}

type RawFilm = Readonly<Record<string, number | string | null>>;

/** Reads `examples/data/movies.json`. */
export async function readFilmFile(): Promise<FilmFile> {
  const file = new URL('../data/movies.json', import.meta.url);
  const ratings = new Map<string, Rating>();
  const films = (JSON.parse(await readFile(file, 'utf8')) as RawFilm[]).map((raw) => {
    const title = raw['Title'] ?? null;
    const critics = raw['Rotten Tomatoes Rating'];
    const film = {
      title: title === null ? null : String(title),
      released: String(raw['Release Date']),
      critics: typeof critics === 'number' ? critics : null,
    };
    const rating = raw['IMDB Rating'];
    if (typeof rating === 'number') ratings.set(keyOf(film), { rating, votes: Number(raw['IMDB Votes']) });
    return film;
  });
  return { films, ratings };
}
