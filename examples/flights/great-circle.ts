/** A place on the globe, in degrees. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

export type Unit = 'miles' | 'kilometres';

const earthRadius: Readonly<Record<Unit, number>> = { miles: 3958.8, kilometres: 6371 };

/** The shortest way over the globe between two places (haversine formula). */
export function greatCircle(from: Place, to: Place, unit: Unit): number {
  const halfChord =
    Math.sin(radians(to.latitude - from.latitude) / 2) ** 2 +
    Math.sin(radians(to.longitude - from.longitude) / 2) ** 2 *
      Math.cos(radians(from.latitude)) *
      Math.cos(radians(to.latitude));
  return 2 * earthRadius[unit] * Math.asin(Math.sqrt(Math.min(1, halfChord)));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
