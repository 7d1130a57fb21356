import type { DefinitionSource } from '../builder/blueprint.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import type { PipelineContextOptions } from '../context/pipeline-context-options.js';
import { isObject } from '../data/foreign-value.js';
import { keyOfWhatIsNotPlain, plainCopy } from '../data/plain-data.js';
import { frozenJson } from '../data/frozen-json.js';
import type { JsonObject } from '../data/json-value.js';
import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { runStrategies } from './run-record.js';
import type { DisconnectMode, RunStrategy } from './run-record.js';

/** What a caller says about a run that is to be started. */
export interface StartOptions {
  /** What the run belongs to, such as a conversation: at most one run of a thread runs at a time. */
  readonly threadId?: string | undefined;
  /** Whose run it is. Default: inside of a run, that run's tenant and principal; else nobody's. */
  readonly tenantId?: string | undefined;
  /** What to do where the thread has a run that has not ended; without a thread of no effect. Default `reject`. */
  readonly strategy?: RunStrategy | undefined;
  /** What becomes of the run when its client, the first subscriber, has gone. Default `continue`. */
  readonly onDisconnect?: DisconnectMode | undefined;
  /** A start that is repeated with the same key, by the same tenant, gives the first run; its options stand. */
  readonly idempotencyKey?: string | undefined;
  /** Plain JSON of your own, at most 1 MiB; copied. Default `{}`. */
  readonly metadata?: JsonObject | undefined;
  /** The `runId` of the run that this one goes on from; only noted. */
  readonly followUpToRunId?: string | undefined;
  /** Ends the run as `timeout` so many milliseconds after it began to run; waiting does not count. */
  readonly timeoutMs?: number | undefined;
  /**
   * What the run starts with. For a run that is started by name only `parameters`, `properties` and what is data in
   * `run`, since another process may execute it.
   */
  readonly context?: PipelineContext | PipelineContextOptions | undefined;
}

/** How many bytes the data of a run may have, as JSON. */
const MOST_BYTES = 1_048_576;

const LONGEST_ID = 512;
// Without the flag u a pair of surrogates would count as two.
const loneSurrogate = /\p{Surrogate}/u;

/** The rule of every id: no store changes or cuts such a text. */
export const idRule = (value: unknown): string | undefined =>
  typeof value === 'string' &&
  value !== '' &&
  value.length <= LONGEST_ID &&
  !value.includes('\0') &&
  !loneSurrogate.test(value)
    ? undefined
    : `a text of 1 to ${String(LONGEST_ID)} well-formed characters without NUL`;

const startRules: OptionRules = {
  threadId: idRule,
  tenantId: idRule,
  strategy: rule.anything,
  onDisconnect: rule.oneOf('cancel', 'continue'),
  idempotencyKey: idRule,
  metadata: rule.anything,
  followUpToRunId: idRule,
  timeoutMs: rule.positiveMilliseconds,
  context: rule.object,
};

/** Start options that have been judged, with their defaults. */
export interface JudgedStart {
  readonly strategy: RunStrategy;
  readonly onDisconnect: DisconnectMode;
  readonly metadata: JsonObject;
}

const noMetadata: JsonObject = frozenJson({});

/**
 * Judges the options of a start, before anything happens.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`, `STRATEGY_UNKNOWN`, `METADATA_INVALID`.
 */
export function judgeStart(given: StartOptions): JudgedStart {
  checkOptions('start', given, startRules);
  const { strategy = 'reject', onDisconnect = 'continue', metadata } = given;
  if (!runStrategies.includes(strategy)) {
    throw new PipelineError('STRATEGY_UNKNOWN', {
      problem: `There is no strategy ${shown(strategy)}.`,
      remedy: `Use ${runStrategies.map((known) => `'${known}'`).join(', ')}.`,
    });
  }
  return {
    strategy,
    onDisconnect,
    metadata: metadata === undefined ? noMetadata : storableMetadata(metadata),
  };
}

/** Refuses data of a run that are together too large. */
export function requireStorableSize(...data: readonly unknown[]): void {
  const bytes = data.reduce<number>((sum, part) => sum + Buffer.byteLength(JSON.stringify(part)), 0);
  if (bytes > MOST_BYTES)
    throw metadataInvalid(
      `, with the data it is started with by name, have ${String(bytes)} bytes as JSON, more than ${String(MOST_BYTES)}`,
    );
}

/** What stands in place of a definition: a class, an instance, or the name of one. */
export function isDefinitionSource(given: unknown): given is DefinitionSource {
  return typeof given === 'function' || isObject(given);
}

/** A text as it is named in a message. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 100)}'` : `of type ${typeof value}`;
}

/** Refuses an id that a store might change. */
export function requireId(subject: string, id: unknown): void {
  const expected = idRule(id);
  if (expected !== undefined) throw invalidOption(subject, `the id must be ${expected}`);
}

function storableMetadata(metadata: unknown): JsonObject {
  const copy = isObject(metadata) && !Array.isArray(metadata) ? plainCopy(metadata) : undefined;
  if (copy === undefined) {
    const key = isObject(metadata) ? keyOfWhatIsNotPlain(metadata) : undefined;
    throw metadataInvalid(
      ` are no plain JSON object${key === undefined ? '' : `: ${shown(key)} is not plain`}`,
    );
  }
  requireStorableSize(copy);
  return frozenJson(copy as JsonObject);
}

function metadataInvalid(why: string): PipelineError {
  return new PipelineError('METADATA_INVALID', {
    problem: `The metadata of the run${why}.`,
    remedy: 'Give plain JSON of at most 1 MiB; store what is larger elsewhere, and refer to it.',
  });
}
