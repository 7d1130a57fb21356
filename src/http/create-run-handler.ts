import { isInstanceOf } from '../data/foreign-value.js';
import { quietly } from '../run/bound-logger.js';
import { answerRequest } from './answer-request.js';
import { authoriseRequest, isResponse } from './authorise-request.js';
import { describeService } from './describe-service.js';
import { jsonResponse } from './json-response.js';
import { problemResponse, statusOf } from './problem.js';
import { judgeHandlerOptions } from './run-handler-options.js';
import type { JudgedHandlerOptions, RunHandlerOptions } from './run-handler-options.js';
import { MethodNotAllowed, routeOf } from './run-routes.js';

/** Answers a request; never rejects. Hono, Node's http (with {@link nodeListener}), Fastify and workers mount it. */
export type RunHandler = (request: Request) => Promise<Response>;

/**
 * Makes a function that serves a manager of runs over HTTP: it takes a `Request` and gives a `Response`.
 *
 * Requests start runs by name, list, get, wait for, cancel and follow them, and read the session of a thread;
 * `GET /openapi.json` describes them all. A run of another tenant is not there: 404. Failures are problems of RFC 9457
 * with the `code` of the error. What fails for a reason of the server's own is answered without details, and goes to
 * `logger`. Closing the manager ends the waiting and the streams; the handler holds nothing that needs closing.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, for wrong options.
 *
 * @example
 * {@includeCode ../../examples/api/create-run-handler.ts}
 */
export function createRunHandler(options: RunHandlerOptions): RunHandler {
  const judged = judgeHandlerOptions(options);
  const description = describeService(judged.basePath);
  return async (request) => {
    try {
      return await answer(request, judged, description);
    } catch (error) {
      // Nobody reads the answer any more.
      if (request.signal.aborted) return new Response(null, { status: CLIENT_LEFT });
      if (statusOf(error) >= 500) tell(judged, request, error);
      const headers = isInstanceOf(error, MethodNotAllowed) ? { allow: error.allowed } : {};
      return problemResponse(error, { headers });
    }
  };
}

/** Not of any standard, but what servers write into their logs. */
const CLIENT_LEFT = 499;

async function answer(
  request: Request,
  options: JudgedHandlerOptions,
  description: object,
): Promise<Response> {
  const { action, id, query } = routeOf(request, options.basePath);
  if (action === 'describe') return jsonResponse(description);
  const identity = await authoriseRequest(options.authorise, request, action);
  if (isResponse(identity)) return identity;
  const runs = options.manager.forTenant(identity.tenantId ?? null);
  return await answerRequest({ action, request, id, query, runs, identity, options });
}

function tell({ logger }: JudgedHandlerOptions, { method }: Request, error: unknown): void {
  quietly(logger, 'error', { error, method }, 'a request was answered with a failure of the server');
}
