/** A flight as the schedule states it, once its record has been checked. */
export interface Flight {
  /** Departure, local time: `2001/01/31 17:05`. */
  readonly date: string;
  /** Minutes late; negative when early. */
  readonly delay: number;
  /** The stated distance, in the unit of the schedule. */
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** The two ends of a flight: `locate` runs once for each. */
export type End = 'origin' | 'destination';

export interface Airport {
  readonly code: string;
  readonly name: string;
  readonly city: string;
  readonly state: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** A flight on its way through `enrich`, with the ends located so far. */
export interface Leg {
  readonly flight: Flight;
  readonly origin?: Airport;
  readonly destination?: Airport;
}

/** What leaves `enrich`: a flight between two known places over a plausible distance. */
export interface EnrichedFlight {
  readonly date: string;
  readonly delay: number;
  readonly from: Airport;
  readonly to: Airport;
  readonly distance: number;
  readonly greatCircle: number;
  /** How far the stated distance is off the great circle, as a share of it. */
  readonly deviation: number;
}
