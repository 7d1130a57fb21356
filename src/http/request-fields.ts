import type { PipelineContextOptions } from '../context/pipeline-context-options.js';
import { isArray, isObject } from '../data/foreign-value.js';
import { optionProblems, rule } from '../errors/option-rules.js';
import type { OptionRule, OptionRules } from '../errors/option-rules.js';
import type { CancelOptions } from '../runs/cancel-options.js';
import type { ListOptions } from '../runs/run-queries.js';
import type { StartOptions } from '../runs/start-options.js';
import { invalidRequest } from './problem.js';
import { runStatuses } from '../runs/run-status.js';
import type { RunStatus } from '../runs/run-status.js';

/** How many runs one request lists at most. */
export const MOST_LISTED = 1000;

/** What a request may say of the run that it starts: the manager judges the values. */
type StartFields = Omit<StartOptions, 'tenantId' | 'idempotencyKey' | 'context'> & {
  readonly context?: Pick<PipelineContextOptions, 'parameters' | 'properties'> | undefined;
};

/** The start that a request asks for. */
export interface StartRequest {
  readonly definition: string;
  readonly options: StartFields;
}

const jsonObject: OptionRule = (value) => (isObject(value) && !isArray(value) ? undefined : 'an object');

// The values that the manager judges are let through.
const startRules: OptionRules = {
  definition: rule.text,
  threadId: rule.anything,
  strategy: rule.anything,
  onDisconnect: rule.anything,
  metadata: rule.anything,
  followUpToRunId: rule.anything,
  timeoutMs: rule.anything,
  context: jsonObject,
};
const contextRules: OptionRules = { parameters: jsonObject, properties: jsonObject };
const cancelRules: OptionRules = { action: rule.anything, reason: rule.text };

/**
 * Reads the body of a start.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function startRequest(text: string): StartRequest {
  const { definition, ...options } = fieldsOf(text, startRules) as StartFields & {
    readonly definition?: unknown;
  };
  if (typeof definition !== 'string') throw invalidRequest("'definition' must be the name of a definition");
  if (options.context !== undefined) requireKnown(options.context, contextRules, "'context'");
  return { definition, options };
}

/**
 * Reads the body of a cancel; an empty one asks for the default.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function cancelRequest(text: string): CancelOptions {
  return text === '' ? {} : fieldsOf(text, cancelRules);
}

/**
 * Reads which runs are to be listed. Other parameters are not ours: the authorisation may have its own.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function listRequest(query: URLSearchParams): Omit<ListOptions, 'tenantId'> {
  const limit = wholeNumber(query, 'limit');
  if (limit !== undefined && (limit === 0 || limit > MOST_LISTED))
    throw invalidRequest(`'limit' must be a whole number from 1 to ${String(MOST_LISTED)}`);
  const status = query.getAll('status').map(statusOf);
  const [threadId, before] = ['threadId', 'before'].map((name) => query.get(name) ?? undefined);
  return {
    ...(limit !== undefined && { limit }),
    ...(status.length > 0 && { status }),
    ...(threadId !== undefined && { threadId }),
    ...(before !== undefined && { before }),
  };
}

/**
 * Reads a whole number of the query; undefined where it is not there.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const number = readNumber(text);
  if (number === undefined) throw invalidRequest(`'${name}' must be a whole number, 0 or more`);
  return number;
}

/**
 * Reads the number of the last event that a client has; undefined where it has none.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function lastEventId(headers: Headers): number | undefined {
  const text = headers.get('last-event-id');
  if (text === null) return undefined;
  const number = readNumber(text);
  if (number === undefined) throw invalidRequest("'Last-Event-ID' must be the id of an event");
  return number;
}

function readNumber(text: string): number | undefined {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

function statusOf(text: string): RunStatus {
  const status = runStatuses.find((known) => known === text);
  if (status === undefined) throw invalidRequest(`'status' must be ${runStatuses.join(', ')}`);
  return status;
}

/** The fields of a body that has none but known ones. */
function fieldsOf(text: string, rules: OptionRules): object {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw invalidRequest('its body is no JSON');
  }
  requireKnown(body, rules, 'its body');
  return body as object;
}

function requireKnown(given: unknown, rules: OptionRules, subject: string): void {
  const problems = optionProblems(given, rules);
  if (problems.length > 0) throw invalidRequest(`${subject}: ${problems.join('; ')}`);
}
