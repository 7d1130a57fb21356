import { pipelineNameOf } from '../composition/describe-root.js';
import type { Constructor } from '../nodes/constructor.js';
import { decodeData, encodeReadable } from '../data/codec.js';
import { readProperty } from '../data/foreign-value.js';
import { sourceLiteral, textLiteral } from '../data/source-literal.js';
import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import type { DeadLetterContext, DeadLetterEnvelope } from '../ports/dead-letter-sink.js';
import type { ErrorRecord } from '../ports/error-record.js';
import { entryOf } from './letter-entry.js';
import { requireReplayable } from './letter-runs.js';
import { recordedEntries } from './recorded-entries.js';

/** What the test of a dead letter runs. */
export interface DeadLetterTestOptions {
  /**
   * The class of the pipeline in which the item failed, or of a sub-pipeline on the way there, exported by its name.
   *
   * Take the sub-pipeline where there is one: of a whole pipeline the sinks behind the node run too.
   */
  readonly definition: Constructor<object>;
  /** The module that exports the class, as the test imports it: `'../src/orders.js'`. */
  readonly importFrom: string;
}

/**
 * Writes a vitest file that runs the item of a dead letter again: red while the fault lives, green once it is mended.
 *
 * The file needs nothing but the class: the item and the recorded context stand in it. Secrets and context items do
 * not: a comment names those that the node had, to be given in `context`.
 *
 * @returns the text of the file.
 * @throws {@link PipelineError} `REPLAY_INCOMPATIBLE` when the letter cannot run in this pipeline, or its item is no
 * data or holds a redacted secret; `OPTION_INVALID`.
 *
 * @example
 * {@includeCode ../../examples/api/dead-letter-test.ts}
 */
export function deadLetterTest(envelope: DeadLetterEnvelope, options: DeadLetterTestOptions): string {
  checkOptions('deadLetterTest', options, { definition: rule.callable, importFrom: rule.text });
  for (const name of ['definition', 'importFrom'])
    if (readProperty(options, name) === undefined)
      throw invalidOption('deadLetterTest', `'${name}' is required`);
  const { definition, importFrom } = options;
  if (!/^[A-Za-z_$][\w$]*$/.test(definition.name))
    throw invalidOption('deadLetterTest', "'definition' must be a class that is exported by its name");
  const { encoded, asText } = encodeReadable(envelope.item);
  requireReplayable(asText.length === 0 ? envelope : { ...envelope, asText });
  entryOf(envelope, pipelineNameOf(definition), 'decision');
  const { id, path, error, failedAt, context } = envelope;
  const parameters = keptEntries(context, 'parameters');
  const properties = keptEntries(context, 'properties');
  const letter = {
    version: 1,
    id,
    item: decodeData(encoded),
    error: withoutStack(error),
    path,
    decidedAt: envelope.decidedAt,
    runId: envelope.runId,
    pipelineId: envelope.pipelineId,
    pipelineName: envelope.pipelineName,
    pipelineNames: [...envelope.pipelineNames],
    attempts: envelope.attempts,
    failedAt,
    context: { parameters: parameters.kept, properties: properties.kept, items: [...context.items] },
    ...(envelope.mapped === true ? { mapped: true } : {}),
    replays: [],
  };
  const missing = [
    ...context.items.map((name) => `items.${name}`),
    ...[...parameters.left, ...properties.left],
  ];
  return [
    "import { MemoryDeadLetterSink, replayDeadLetters, type DeadLetterEnvelope } from 'heirline';",
    "import { expect, test } from 'vitest';",
    `import { ${definition.name} } from ${textLiteral(importFrom)};`,
    '',
    `// ${onOneLine(`${path} failed at ${moment(failedAt)}: ${originalOf(error)}`)}`,
    `const letter: DeadLetterEnvelope = ${sourceLiteral(letter)};`,
    '',
    ...(missing.length === 0
      ? []
      : [`// The node had these too; give in context what it needs: ${onOneLine(missing.join(', '))}.`]),
    'const context = {};',
    ...(definition.length === 0
      ? []
      : [`// ${definition.name} takes arguments: give an instance of it as the definition.`]),
    '',
    `test(${textLiteral(`${path} takes the item of the dead letter ${id}`)}, async () => {`,
    '  const sink = new MemoryDeadLetterSink();',
    '  sink.write(letter);',
    '',
    `  await replayDeadLetters(sink, { definition: ${definition.name}, context });`,
    '',
    '  // A letter that has failed again is still there, with its error.',
    '  expect(sink.envelopes.map(({ error }) => (error.cause ?? error).message)).toEqual([]);',
    '});',
    '',
  ].join('\n');
}

/** The entries that are data; and the names of those that are not, or were redacted. */
function keptEntries(
  context: DeadLetterContext,
  kind: 'parameters' | 'properties',
): { readonly kept: Readonly<Record<string, unknown>>; readonly left: readonly string[] } {
  const encoded = recordedEntries(context, kind).map((entry) => ({
    ...entry,
    ...encodeReadable(entry.value),
  }));
  const isKept = ({ isWhole, asText }: (typeof encoded)[number]): boolean => isWhole && asText.length === 0;
  return {
    kept: Object.fromEntries(encoded.filter(isKept).map((each) => [each.name, decodeData(each.encoded)])),
    left: encoded.filter((each) => !isKept(each)).map(({ name }) => `${kind}.${name}`),
  };
}

/** Of an error what people read; where its code ran is of another process. */
function withoutStack({ name, code, message, path, cause }: ErrorRecord): ErrorRecord {
  return {
    name,
    ...(code === undefined ? {} : { code }),
    message,
    ...(path === undefined ? {} : { path }),
    ...(cause === undefined ? {} : { cause: withoutStack(cause) }),
  };
}

/** A decorator may have put anything in the place of the date. */
function moment(failedAt: unknown): string {
  return rule.date(failedAt) === undefined ? new Date(Number(failedAt)).toISOString() : 'an unknown time';
}

function originalOf(error: ErrorRecord): string {
  const { name, message } = error.cause ?? error;
  return `${name}: ${message}`;
}

function onOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ');
}
