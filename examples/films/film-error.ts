/** Why a film cannot be repaired. */
export type FilmErrorCode = 'TITLE_MISSING' | 'DATE_INVALID' | 'GROSS_NOT_A_NUMBER';

/** A film that is beyond repair; the code travels into its dead letter. */
export class FilmError extends Error {
  override readonly name = 'FilmError';

  constructor(
    readonly code: FilmErrorCode,
    message: string,
  ) {
    super(message);
  }
}
