/** A film as the file has it: any field may be missing, null or of the wrong type. */
export type RawFilm = Readonly<Record<string, unknown>>;

/** After `title`. */
export interface TitledFilm {
  readonly title: string;
  readonly raw: RawFilm;
}

/** After `date`. */
export interface DatedFilm extends TitledFilm {
  /** ISO date: `1977-05-25`. */
  readonly released: string;
}

/** After `money`: a film one can compute with. */
export interface CleanFilm {
  readonly title: string;
  readonly released: string;
  readonly grossUs: number;
  readonly grossWorldwide: number;
  /** Undefined where nobody knows. */
  readonly budget: number | undefined;
}
