import { describeIssues } from '../context/schema-issues.js';
import { hasMethod, hasProperty, isThenable, readProperty, toPromise } from '../data/foreign-value.js';
import type { StandardSchema } from '../data/standard-schema.js';
import { ItemRefusal } from '../errors/item-refusal.js';
import { wrongUse } from '../errors/option-rules.js';
import { ItemOperator } from '../nodes/item-operator.js';
import type { StreamOperator } from '../nodes/stream-operator.js';
import { misanswered } from '../nodes/callbacks.js';

/**
 * Parses each item by a schema of any library that implements Standard Schema; the parsed value goes on, typed.
 *
 * An item that the schema refuses fails with `ITEM_INVALID`, whose message lists what is wrong, and where. The schema may
 * answer with a promise; the next item waits for it.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for what is no schema.
 *
 * @example
 * {@includeCode ../../examples/api/validate.ts}
 */
export function validate<TOutput>(
  schema: StandardSchema<unknown, TOutput>,
): StreamOperator<unknown, TOutput> {
  const standard: unknown = readProperty(schema, '~standard');
  if (!hasMethod(standard, 'validate'))
    throw wrongUse('validate', 'a schema that implements Standard Schema');
  return new ItemOperator<unknown, TOutput, unknown>(
    'validate',
    {},
    {
      transform(item) {
        const result: unknown = schema['~standard'].validate(item);
        return isThenable(result) ? toPromise(result).then(parsed) : parsed(result);
      },
    },
    { takesFallback: true },
  );
}

/** The value that a schema gave. */
function parsed(result: unknown): unknown {
  const issues = readProperty(result, 'issues');
  if (issues !== undefined && issues !== null)
    throw new ItemRefusal('ITEM_INVALID', {
      problem: `The schema of validate refuses the item: ${describeIssues(issues)}.`,
      remedy: "Mend what gives the item, or give the node an errorPolicy, such as 'skip' or 'deadLetter'.",
    });
  if (!hasProperty(result, 'value'))
    throw misanswered('the schema of validate', 'result with a value or issues');
  return readProperty(result, 'value');
}
