/** What names a film. */
export interface FilmName {
  /** Null where the file has none. */
  readonly title: string | null;
  /** `Jun 12 1998` */
  readonly released: string;
}

/** A film as the pipeline gets it. */
export interface Film extends FilmName {
  /** What the critics say, 0 to 100, where the file knows. */
  readonly critics: number | null;
}

/** What the service knows of a film: the rating of its audience. */
export interface Rating {
  /** 0 to 10 */
  readonly rating: number;
  readonly votes: number;
}

/** A film, and whose rating it has. */
export interface RatedFilm extends FilmName {
  readonly ratedBy: 'audience' | 'critics' | 'nobody';
  /** 0 to 10; undefined of nobody. */
  readonly rating: number | undefined;
}

/** The text by which a film is found. */
export function keyOf({ title, released }: FilmName): string {
  return `${String(title)}, ${released}`;
}
