import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AirportDirectory } from '../../examples/flights/airports.js';
import { FlightError } from '../../examples/flights/flight-error.js';
import { readFlight } from '../../examples/flights/flight-record.js';
import type { Airport, End, EnrichedFlight, Flight } from '../../examples/flights/flight.js';
import { greatCircle } from '../../examples/flights/great-circle.js';
import { NdjsonFile } from '../../examples/flights/ndjson-file.js';
import { stateTable } from '../../examples/flights/state-table.js';
import type { StateRow } from '../../examples/flights/state-table.js';

type MutableRow = { -readonly [TKey in keyof StateRow]: StateRow[TKey] };

const TOLERANCE = 0.01;
const UNIT = 'miles';

/** The job of `examples/flights` as one plain loop: it reads the same files and writes the same ones. */
export async function flightsByHand(data: string, folder: string): Promise<number> {
  const airports = await AirportDirectory.fromCsv(join(data, 'airports.csv'));
  const flightFile = new NdjsonFile(join(folder, 'flights.ndjson'));
  const letterFile = new NdjsonFile(join(folder, 'dead-letters.ndjson'));
  const rows = new Map<string, MutableRow>();
  let count = 0;

  for (const file of ['flights-20k.json', 'flights-broken.json']) {
    for (const record of JSON.parse(await readFile(join(data, file), 'utf8')) as readonly unknown[]) {
      const place = { path: '' };
      let writing: Promise<void> | undefined;
      try {
        const flight = enrich(record, airports, place);
        addToRow(rows, flight);
        writing = flightFile.write(written(flight));
      } catch (error) {
        if (!(error instanceof FlightError)) throw error;
        const { code, message } = error;
        writing = letterFile.write({ code, reason: message, path: place.path, item: record });
      }
      if (writing !== undefined) await writing;
      count += 1;
    }
  }
  const sorted = [...rows.values()].sort(byDepartures);
  await Promise.all([
    writeFile(join(folder, 'by-state.txt'), `${stateTable(sorted)}\n`),
    flightFile.flush(),
    letterFile.flush(),
  ]);
  return count;
}

/** Notes where it is, as dead letters say where an item failed. */
function enrich(record: unknown, airports: AirportDirectory, place: { path: string }): EnrichedFlight {
  place.path = 'flights/enrich/read';
  const flight = readFlight(record);
  const from = locate(flight, 'origin', airports, place);
  const to = locate(flight, 'destination', airports, place);
  place.path = 'flights/enrich/measure/great-circle';
  if (from === to) throw new FlightError('SAME_AIRPORT', `The flight goes from ${from.code} to ${to.code}.`);
  const { date, delay, distance } = flight;
  const shortest = greatCircle(from, to, UNIT);
  const deviation = Math.abs(distance - shortest) / shortest;
  place.path = 'flights/enrich/measure/compare';
  if (deviation <= TOLERANCE) {
    return { date, delay, from, to, distance, greatCircle: shortest, deviation };
  }
  const between = `${from.code} to ${to.code} is ${shortest.toFixed(1)} ${UNIT}`;
  throw new FlightError('DISTANCE_IMPLAUSIBLE', `${between}, not ${distance}.`);
}

function locate(flight: Flight, end: End, airports: AirportDirectory, place: { path: string }): Airport {
  place.path = end === 'origin' ? 'flights/enrich/origin/code' : 'flights/enrich/destination/code';
  const code = flight[end];
  if (!/^[0-9A-Z]{3}$/.test(code)) {
    throw new FlightError('AIRPORT_CODE_INVALID', `The ${end} '${code}' is no airport code.`);
  }
  place.path = end === 'origin' ? 'flights/enrich/origin/look-up' : 'flights/enrich/destination/look-up';
  const airport = airports.find(code);
  if (airport === undefined) {
    throw new FlightError('AIRPORT_UNKNOWN', `No airport has the code ${code} of the ${end}.`);
  }
  return airport;
}

function written({ date, delay, from, to, distance, ...measured }: EnrichedFlight): object {
  return {
    date,
    delay,
    from,
    to,
    distance,
    greatCircle: Number(measured.greatCircle.toFixed(1)),
    deviation: Number(measured.deviation.toFixed(5)),
  };
}

function addToRow(rows: Map<string, MutableRow>, { from: { state }, delay, distance }: EnrichedFlight): void {
  let row = rows.get(state);
  if (row === undefined) {
    row = { state, departures: 0, delayMinutes: 0, late: 0, distance: 0 };
    rows.set(state, row);
  }
  row.departures += 1;
  row.delayMinutes += delay;
  row.late += delay > 15 ? 1 : 0;
  row.distance += distance;
}

function byDepartures(one: StateRow, other: StateRow): number {
  return other.departures - one.departures || (one.state < other.state ? -1 : 1);
}
