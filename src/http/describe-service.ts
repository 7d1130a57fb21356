import { httpCodes } from '../errors/http-codes.js';
import { cancelActions, runStrategies } from '../runs/run-record.js';
import { runStatuses } from '../runs/run-status.js';
import { MOST_LISTED } from './request-fields.js';
import { routes } from './run-routes.js';
import type { Route, RouteAction } from './run-routes.js';

/** What the description says of one kind of request. */
interface Operation {
  readonly summary: string;
  readonly parameters?: readonly object[];
  readonly body?: { readonly schema: string; readonly required: boolean };
  /** The answers by status; those of failures are {@link problems}. */
  readonly answers: Readonly<Record<string, object>>;
  readonly problems: readonly number[];
}

const text = { type: 'string' };
const id = { type: 'string', minLength: 1, maxLength: 512 };
const time = { type: 'string', format: 'date-time' };
const data = { type: 'object', additionalProperties: true };
const milliseconds = { type: 'number', exclusiveMinimum: 0 };
const status = { type: 'string', enum: runStatuses };
const strategy = { type: 'string', enum: runStrategies };
const onDisconnect = { type: 'string', enum: ['cancel', 'continue'] };

const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const json = (description: string, schema: object): object => ({
  description,
  content: { 'application/json': { schema } },
});
const query = (name: string, schema: object, description: string): object => ({
  name,
  in: 'query',
  schema,
  description,
});
const header = (name: string, schema: object, description: string): object => ({
  name,
  in: 'header',
  schema,
  description,
});

const location = { location: { description: 'The path of the run.', schema: text } };

const operations: Readonly<Record<RouteAction, Operation>> = {
  start: {
    summary: 'Starts a run of a named definition',
    parameters: [header('Idempotency-Key', id, 'A repeated start with the same key gives the first run.')],
    body: { schema: 'Start', required: true },
    answers: {
      201: { ...json('The run that was started', ref('Run')), headers: location },
      200: { ...json('The run that an earlier start with this key has made', ref('Run')), headers: location },
    },
    problems: [400, 404, 409, 413, 429],
  },
  list: {
    summary: 'Lists runs, newest first',
    parameters: [
      query(
        'limit',
        { type: 'integer', minimum: 1, maximum: MOST_LISTED, default: 100 },
        'How many at most.',
      ),
      query('before', id, 'Only runs that were accepted before the one with this id: the next page.'),
      query('threadId', id, 'Only runs of this thread.'),
      query('status', { type: 'array', items: status }, 'Only runs with this status; may be repeated.'),
    ],
    answers: {
      200: json('The runs', {
        type: 'object',
        required: ['runs'],
        properties: { runs: { type: 'array', items: ref('Run') } },
      }),
    },
    problems: [400, 404],
  },
  get: {
    summary: 'Gives the record of a run',
    answers: { 200: json('The record', ref('Run')) },
    problems: [400, 404],
  },
  wait: {
    summary: 'Waits until a run has ended; to leave is not to disconnect',
    parameters: [
      query(
        'timeoutMs',
        { type: 'integer', minimum: 0 },
        'After so many milliseconds the record comes as it is then. Default: without a limit.',
      ),
    ],
    answers: { 200: json('The record', ref('Run')) },
    problems: [400, 404],
  },
  cancel: {
    summary: 'Cancels a run; answers before it has stopped',
    body: { schema: 'Cancel', required: false },
    answers: {
      200: json('What became of the cancel', {
        type: 'object',
        required: ['outcome'],
        properties: { outcome: { type: 'string', enum: ['cancelled', 'requested', 'taken_over'] } },
      }),
    },
    problems: [400, 404, 409, 413],
  },
  events: {
    summary: 'Follows the events of a run; the first to follow is the client whose leaving counts',
    parameters: [
      header('Last-Event-ID', { type: 'integer', minimum: 0 }, 'The id of the last event that is known.'),
    ],
    answers: {
      200: {
        description: 'Server-sent events: `id` is the number of the event, `data` the event as JSON',
        content: { 'text/event-stream': { schema: text } },
      },
      204: { description: 'The run has ended, and the client has all of its events' },
    },
    problems: [400, 404],
  },
  session: {
    summary: 'Gives the session of a thread as it was committed last; empty where there is none',
    answers: { 200: json('The entries', data) },
    problems: [400],
  },
  describe: {
    summary: 'Gives this description',
    answers: { 200: json('The description', data) },
    problems: [],
  },
};

const problems: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  404: 'There is no such run, name or path',
  409: 'The request conflicts with what the run or its thread is doing',
  413: 'The body is too large',
  429: 'Too many runs of the thread are waiting',
  500: 'The service failed',
  503: 'The service or its store is not there; `Retry-After` says when to come back',
};

/** The service as a document of OpenAPI 3.1. */
export function describeService(basePath: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: '3.1.0',
    info: { title: 'Runs', version: '1' },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    paths,
    components: { schemas, responses: responses() },
  };
}

function operationOf({ action, path }: Route): object {
  const { summary, parameters = [], body, answers, problems: known } = operations[action];
  const ofPath = path.includes('{id}') ? [{ name: 'id', in: 'path', required: true, schema: id }] : [];
  // The description itself is not authorised, and asks nothing of the manager.
  const failures = action === 'describe' ? [] : [...known, 500, 503];
  return {
    operationId: action,
    summary,
    parameters: [...ofPath, ...parameters],
    ...(body && {
      requestBody: {
        required: body.required,
        content: { 'application/json': { schema: ref(body.schema) } },
      },
    }),
    responses: {
      ...answers,
      ...Object.fromEntries(
        failures.map((code) => [code, { $ref: `#/components/responses/Problem${String(code)}` }]),
      ),
    },
  };
}

function responses(): object {
  return Object.fromEntries(
    Object.entries(problems).map(([code, description]) => [
      `Problem${code}`,
      { description, content: { 'application/problem+json': { schema: ref('Problem') } } },
    ]),
  );
}

const schemas = {
  Start: {
    type: 'object',
    required: ['definition'],
    additionalProperties: false,
    properties: {
      definition: { type: 'string', description: 'One of the names that the service has.' },
      threadId: id,
      strategy: { ...strategy, default: 'reject' },
      onDisconnect: { ...onDisconnect, default: 'continue' },
      metadata: data,
      followUpToRunId: id,
      timeoutMs: milliseconds,
      context: {
        type: 'object',
        additionalProperties: false,
        properties: { parameters: data, properties: data },
      },
    },
  },
  Cancel: {
    type: 'object',
    additionalProperties: false,
    properties: { action: { type: 'string', enum: cancelActions, default: 'interrupt' }, reason: text },
  },
  Run: {
    type: 'object',
    required: [
      ...['runId', 'pipelineName', 'status', 'strategy', 'onDisconnect', 'metadata', 'ownerId', 'createdAt'],
      ...['cost', 'counts'],
    ],
    properties: {
      runId: id,
      threadId: id,
      tenantId: id,
      pipelineName: text,
      definition: text,
      status,
      strategy,
      onDisconnect,
      metadata: data,
      idempotencyKey: id,
      followUpToRunId: id,
      stopReason: text,
      error: ref('Error'),
      cancelRequested: data,
      ownerId: text,
      leaseExpiresAt: time,
      createdAt: time,
      startedAt: time,
      endedAt: time,
      cost: { type: 'array', items: data },
      counts: data,
    },
  },
  Error: {
    type: 'object',
    required: ['name', 'message'],
    properties: { name: text, code: text, message: text, path: text, cause: ref('Error') },
  },
  Problem: {
    type: 'object',
    description: 'A problem of RFC 9457',
    required: ['type', 'title', 'status', 'detail', 'code'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: text,
      status: { type: 'integer' },
      detail: text,
      code: { type: 'string', examples: ['RUN_CONFLICT', ...httpCodes] },
      outcome: { type: 'string', enum: ['unknown', 'not_cancellable'] },
    },
  },
};
