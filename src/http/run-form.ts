import type { ErrorRecord } from '../ports/error-record.js';
import type { RunEvent } from '../runs/run-event.js';
import type { RunRecord } from '../runs/run-record.js';
import { isoTime } from './json-form.js';

/** The fields of records and events that hold a moment. */
const times: readonly string[] = ['createdAt', 'startedAt', 'endedAt', 'leaseExpiresAt', 'at'];

/**
 * A record or an event of a run as clients get it: times as ISO 8601, errors without their stacks.
 *
 * All else is plain data of JSON already, as stores keep it.
 */
export function runForm(data: RunRecord | RunEvent): object {
  const form: Record<string, unknown> = { ...data };
  for (const name of times) if (typeof form[name] === 'number') form[name] = isoTime(form[name]);
  if ('error' in data && data.error !== undefined) form['error'] = withoutStack(data.error);
  return form;
}

/** A stack names the files of the server. */
function withoutStack({ stack: _, cause, ...error }: ErrorRecord): ErrorRecord {
  return cause === undefined ? error : { ...error, cause: withoutStack(cause) };
}
