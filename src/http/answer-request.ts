import { captureAmbient } from '../context/ambient-context.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { runNotFound } from '../errors/run-errors.js';
import { quietly } from '../run/bound-logger.js';
import type { RunRecord } from '../runs/run-record.js';
import { isOpen } from '../runs/run-status.js';
import { EventStream } from './event-stream.js';
import { jsonForm } from './json-form.js';
import { jsonResponse } from './json-response.js';
import { problemResponse } from './problem.js';
import { readBody } from './read-body.js';
import { cancelRequest, lastEventId, listRequest, startRequest, wholeNumber } from './request-fields.js';
import type { JudgedHandlerOptions, RequestIdentity, RunRequestAction } from './run-handler-options.js';
import { runForm } from './run-form.js';
import type { ServedRuns } from './served-manager.js';

/** A request that may be carried out. */
export interface AllowedRequest {
  readonly action: RunRequestAction;
  readonly request: Request;
  /** Of the run or thread in its path. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** What the request may see. */
  readonly runs: ServedRuns;
  readonly identity: RequestIdentity;
  readonly options: JudgedHandlerOptions;
}

const answers: Readonly<Record<RunRequestAction, (request: AllowedRequest) => Promise<Response>>> = {
  start,
  list,
  get,
  wait,
  cancel,
  events,
  session,
};

/** Carries a request out, and gives the answer; rejects with what becomes a problem. */
export function answerRequest(request: AllowedRequest): Promise<Response> {
  return answers[request.action](request);
}

async function start({ request, runs, identity, options }: AllowedRequest): Promise<Response> {
  const { definition, options: given } = startRequest(await readBody(request, options.maxBodyBytes));
  const { principal } = identity;
  const startOptions = {
    ...given,
    idempotencyKey: request.headers.get('idempotency-key') ?? undefined,
    context: { ...given.context, run: principal === undefined ? {} : { principal } },
  };
  // Where the service itself was started inside of a run, neither that run nor its tenant is the request's.
  const { record, isRepeated } = await captureAmbient(undefined)(() => runs.start(definition, startOptions));
  const location = `${options.basePath}/runs/${encodeURIComponent(record.runId)}`;
  return jsonResponse(runForm(record), { status: isRepeated ? 200 : 201, headers: { location } });
}

async function list({ runs, query }: AllowedRequest): Promise<Response> {
  const found = await runs.list(listRequest(query));
  return jsonResponse({ runs: found.map(runForm) });
}

async function get({ runs, id }: AllowedRequest): Promise<Response> {
  return jsonResponse(runForm(await existing(runs, id)));
}

async function wait({ runs, id, query, request }: AllowedRequest): Promise<Response> {
  const timeoutMs = wholeNumber(query, 'timeoutMs');
  const record = await runs.wait(id, { signal: request.signal, timeoutMs });
  return jsonResponse(runForm(record));
}

async function cancel({ runs, id, request, options }: AllowedRequest): Promise<Response> {
  const given = cancelRequest(await readBody(request, options.maxBodyBytes));
  const outcome = await runs.cancel(id, given);
  switch (outcome) {
    case 'unknown':
      return problemResponse(runNotFound(id), { members: { outcome } });
    case 'not_cancellable':
      return problemResponse(notCancellable(id), { members: { outcome } });
    default:
      return jsonResponse({ outcome });
  }
}

async function events({ runs, id, request, options }: AllowedRequest): Promise<Response> {
  const from = lastEventId(request.headers) ?? 0;
  const mayHaveAll = from > 0 && !isOpen((await existing(runs, id)).status);
  const { disconnectGraceMs, heartbeatMs, logger } = options;
  const stream = new EventStream(await runs.subscribe(id, { from, disconnectGraceMs }), {
    heartbeatMs,
    request,
    failed: (error) => {
      quietly(logger, 'warn', { error, runId: id }, 'an event stream broke off');
    },
  });
  // A browser that has all events of an ended run asks again, until it is told that there is nothing more.
  if (mayHaveAll && !(await stream.hasEvents())) return new Response(null, { status: 204 });
  return new Response(stream.body(), {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      // Proxies would hold events back until they have some kilobytes.
      'x-accel-buffering': 'no',
    },
  });
}

async function session({ runs, id }: AllowedRequest): Promise<Response> {
  return jsonResponse(jsonForm(await runs.session(id)));
}

async function existing(runs: ServedRuns, id: string): Promise<RunRecord> {
  const record = await runs.get(id);
  if (record === undefined) throw runNotFound(id);
  return record;
}

function notCancellable(runId: string): PipelineError {
  return new PipelineError('RUN_NOT_CANCELLABLE', {
    problem: `The run '${runId.slice(0, 100)}' has ended otherwise, or is about to.`,
    remedy: 'Read its record.',
  });
}
