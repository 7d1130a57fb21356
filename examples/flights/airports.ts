import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import type { Airport } from './flight.js';

/** Finds airports by their code: the service that `locate` looks things up in. */
export class AirportDirectory {
  readonly #byCode: ReadonlyMap<string, Airport>;

  constructor(airports: Iterable<Airport>) {
    this.#byCode = new Map(Array.from(airports, (airport) => [airport.code, airport]));
  }

  /** Reads `iata,name,city,state,country,latitude,longitude`; some names hold quoted commas. */
  static async fromCsv(file: string): Promise<AirportDirectory> {
    const rows: string[][] = parse(await readFile(file), { from_line: 2 });
    return new AirportDirectory(
      rows.map(([code = '', name = '', city = '', state = '', , latitude, longitude]) => ({
        code,
        name,
        city,
        state,
        latitude: Number(latitude),
        longitude: Number(longitude),
      })),
    );
  }

  get size(): number {
    return this.#byCode.size;
  }

  find(code: string): Airport | undefined {
    return this.#byCode.get(code);
  }
}
