/** Why a flight cannot be enriched. */
export type FlightErrorCode =
  | 'RECORD_NOT_AN_OBJECT'
  | 'FIELD_MISSING'
  | 'FIELD_NOT_TEXT'
  | 'FIELD_NOT_A_NUMBER'
  | 'DATE_INVALID'
  | 'DISTANCE_NOT_POSITIVE'
  | 'AIRPORT_CODE_INVALID'
  | 'AIRPORT_UNKNOWN'
  | 'AIRPORT_NOT_LOCATED'
  | 'SAME_AIRPORT'
  | 'DISTANCE_IMPLAUSIBLE';

/**
 * A flight that is wrong, as opposed to a program that is wrong.
 *
 * The error policy of `enrich` names this class: only what the data is to blame for becomes a dead letter.
 * The `code` travels with the error into the dead letter.
 */
export class FlightError extends Error {
  override readonly name = 'FlightError';

  constructor(
    readonly code: FlightErrorCode,
    message: string,
  ) {
    super(message);
  }
}
