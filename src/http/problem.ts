import { isInstanceOf } from '../data/foreign-value.js';
import type { PipelineErrorCode } from '../errors/error-code.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { jsonResponse } from './json-response.js';

/** The status of each code that a client is told; every other failure is the server's own. */
const statuses: Partial<Record<PipelineErrorCode, number>> = {
  OPTION_INVALID: 400,
  METADATA_INVALID: 400,
  STRATEGY_UNKNOWN: 400,
  ACTION_UNKNOWN: 400,
  CONTEXT_KEY_INVALID: 400,
  CONTEXT_VALUE_INVALID: 400,
  RUN_NOT_FOUND: 404,
  DEFINITION_UNKNOWN: 404,
  ENDPOINT_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  RUN_CONFLICT: 409,
  IDEMPOTENCY_CONFLICT: 409,
  RUN_NOT_CANCELLABLE: 409,
  PAYLOAD_TOO_LARGE: 413,
  QUEUE_FULL: 429,
  STORE_UNAVAILABLE: 503,
  MANAGER_CLOSED: 503,
};

/** After how many seconds a client may try again where the service is not there. */
const RETRY_AFTER_S = 5;

/** A failure that tells a client more than its code. */
export interface ProblemExtras {
  /** Further members of the problem. */
  readonly members?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The status with which an error is answered. */
export function statusOf(error: unknown): number {
  return (isInstanceOf(error, PipelineError) ? statuses[error.code] : undefined) ?? 500;
}

/**
 * An error as a problem of RFC 9457.
 *
 * A client is told what is wrong with its request. What is wrong with the server, or with its store, is for the log:
 * the client gets the code alone.
 */
export function problemResponse(error: unknown, { members, headers }: ProblemExtras = {}): Response {
  const status = statusOf(error);
  const told = status < 500 && isInstanceOf(error, PipelineError) ? error : standIn(error);
  const { code, message } = told;
  const problem = { type: typeOf(code), title: titleOf(code), status, detail: message, code, ...members };
  return jsonResponse(problem, {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(status === 503 && { 'retry-after': String(RETRY_AFTER_S) }),
      ...headers,
    },
  });
}

/** An `OPTION_INVALID` for what a request says. */
export function invalidRequest(problem: string): PipelineError {
  return new PipelineError('OPTION_INVALID', {
    problem: `The request is not usable: ${problem}.`,
    remedy: 'Correct what is named; /openapi.json describes all requests.',
  });
}

/** What a client is told of a failure that is not its own. */
function standIn(error: unknown): PipelineError {
  const code = isInstanceOf(error, PipelineError) ? error.code : undefined;
  if (code === 'STORE_UNAVAILABLE') {
    return new PipelineError(code, {
      problem: 'The store of runs does not answer as it should.',
      remedy: 'Try again later.',
    });
  }
  if (code === 'MANAGER_CLOSED') {
    return new PipelineError(code, { problem: 'The service is closing.', remedy: 'Try again later.' });
  }
  return new PipelineError('REQUEST_FAILED', {
    problem: 'The service could not answer.',
    remedy: 'Its log says why.',
  });
}

function typeOf(code: string): string {
  return `urn:heirline:problem:${code.toLowerCase()}`;
}

function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
