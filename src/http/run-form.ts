import { isObject } from '../data/foreign-value.js';
import type { JsonObject, JsonValue } from '../data/json-value.js';
import type { ErrorRecord } from '../ports/error-record.js';
import type { RunEvent } from '../runs/run-event.js';
import type { RunRecord } from '../runs/run-record.js';
import { isoTime, jsonForm } from './json-form.js';

/** The fields of records and events that hold a moment. */
const times: readonly string[] = ['createdAt', 'startedAt', 'endedAt', 'leaseExpiresAt', 'at'];

/** A record of a run as clients get it: times as ISO 8601, errors without their stacks. */
export function recordForm(record: RunRecord): JsonObject {
  return formOf(record);
}

/** An event of a run as clients get it: like a record. */
export function eventForm(event: RunEvent): JsonObject {
  return formOf(event);
}

function formOf(data: RunRecord | RunEvent): JsonObject {
  return Object.fromEntries(
    Object.entries(data).flatMap(([name, value]: [string, unknown]): [string, JsonValue][] => {
      const form = times.includes(name)
        ? isoTime(Number(value))
        : jsonForm(name === 'error' && isObject(value) ? withoutStack(value as ErrorRecord) : value);
      return value === undefined || form === undefined ? [] : [[name, form]];
    }),
  );
}

/** A stack names the files of the server. */
function withoutStack({ stack: _, cause, ...error }: ErrorRecord): ErrorRecord {
  return cause === undefined ? error : { ...error, cause: withoutStack(cause) };
}
