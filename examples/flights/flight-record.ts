import { FlightError } from './flight-error.js';
import type { Flight } from './flight.js';

type FlightRecord = Readonly<Record<string, unknown>>;

/** Checks a record of unknown shape; throws a FlightError that names the field and what it holds. */
export function readFlight(record: unknown): Flight {
  if (!isRecord(record)) {
    throw new FlightError('RECORD_NOT_AN_OBJECT', `This is no object: ${shown(record)}.`);
  }
  return {
    date: date(text(record, 'date')),
    delay: number(record, 'delay'),
    distance: positive(number(record, 'distance')),
    origin: text(record, 'origin'),
    destination: text(record, 'destination'),
  };
}

function isRecord(value: unknown): value is FlightRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function field(record: FlightRecord, name: string): unknown {
  if (record[name] === undefined) throw new FlightError('FIELD_MISSING', `The flight has no ${name}.`);
  return record[name];
}

function text(record: FlightRecord, name: string): string {
  const value = field(record, name);
  if (typeof value === 'string') return value;
  throw new FlightError('FIELD_NOT_TEXT', `The ${name} is ${shown(value)}, not a text.`);
}

function number(record: FlightRecord, name: string): number {
  const value = field(record, name);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new FlightError('FIELD_NOT_A_NUMBER', `The ${name} is ${shown(value)}, not a number.`);
}

function positive(distance: number): number {
  if (distance > 0) return distance;
  throw new FlightError('DISTANCE_NOT_POSITIVE', `No flight covers a distance of ${distance}.`);
}

/** Accepts `2001/01/31 17:05`, and only days that exist. */
function date(value: string): string {
  const [, year, month, day] = /^(\d{4})\/(\d\d)\/(\d\d) ([01]\d|2[0-3]):[0-5]\d$/.exec(value) ?? [];
  const real = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (real.getUTCMonth() === Number(month) - 1) return value;
  throw new FlightError('DATE_INVALID', `There is no date '${value}'.`);
}

function shown(value: unknown): string {
  return JSON.stringify(value);
}
