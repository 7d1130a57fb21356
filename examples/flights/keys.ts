import { contextKey } from 'heirline';
import type { AirportDirectory } from './airports.js';
import type { End } from './flight.js';
import type { Unit } from './great-circle.js';
import type { StateRow } from './state-table.js';

// A key is its name: `contextKey('tolerance')` and the plain text 'tolerance' address one entry.

/** How far a stated distance may be off the great circle, as a share of it. */
export const Tolerance = contextKey<number>('tolerance');

/** The unit that the schedule states distances in: what the root calls it ... */
export const ScheduleUnit = contextKey<Unit>('scheduleUnit');
/** ... and what `enrich` and `measure` call it. */
export const DistanceUnit = contextKey<Unit>('unit');

/** Which end of a flight a `locate` is about. */
export const LocatedEnd = contextKey<End>('end');

/** The folder that the root's sinks write to; no sub-pipeline needs to know it. */
export const OutputFolder = contextKey<string>('outputFolder');

/** A service, and so a context item: passed on by reference. */
export const Airports = contextKey<AirportDirectory>('airports');

/** What the sink `by-state` leaves behind for the report. */
export const Summary = contextKey<readonly StateRow[]>('summary');
