import { isArray, isObject, readProperty } from '../data/foreign-value.js';
import { printed } from '../ports/error-record.js';

/** As many issues are told in one error, at most. */
const MOST_ISSUES = 20;

/**
 * What a schema says is wrong with a value, and where, for a message.
 *
 * Nothing else of an issue is told: some libraries put the value into it.
 */
export function describeIssues(issues: unknown): string {
  if (!isArray(issues) || issues.length === 0) return 'the schema says no more';
  const told = issues.slice(0, MOST_ISSUES).map((issue) => {
    const message = readProperty(issue, 'message');
    const text = typeof message === 'string' ? message.replace(/\.$/, '') : 'no message';
    const path = readProperty(issue, 'path');
    const place = isArray(path) ? path.map(describeSegment).join('.') : '';
    return place === '' ? text : `${place}: ${text}`;
  });
  const more = issues.length - told.length;
  return `${told.join('; ')}${more === 0 ? '' : ` (and ${String(more)} more)`}`;
}

function describeSegment(segment: unknown): string {
  return printed(isObject(segment) ? readProperty(segment, 'key') : segment);
}
