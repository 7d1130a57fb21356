import { PipelineError } from '../errors/pipeline-error.js';
import { invalidRequest } from './problem.js';
import type { RunRequestAction } from './run-handler-options.js';

/** What a request asks for. */
export type RouteAction = RunRequestAction | 'describe';

/** One kind of request. */
export interface Route {
  readonly action: RouteAction;
  readonly method: 'GET' | 'POST';
  /** The path below the base; `{id}` stands for one part. */
  readonly path: string;
}

/** All requests that are answered. */
export const routes: readonly Route[] = [
  { action: 'start', method: 'POST', path: '/runs' },
  { action: 'list', method: 'GET', path: '/runs' },
  { action: 'get', method: 'GET', path: '/runs/{id}' },
  { action: 'wait', method: 'GET', path: '/runs/{id}/wait' },
  { action: 'cancel', method: 'POST', path: '/runs/{id}/cancel' },
  { action: 'events', method: 'GET', path: '/runs/{id}/events' },
  { action: 'session', method: 'GET', path: '/threads/{id}/session' },
  { action: 'describe', method: 'GET', path: '/openapi.json' },
];

/** A request whose kind is known. */
export interface RoutedRequest {
  readonly action: RouteAction;
  /** What stands in the path for `{id}`; empty where nothing does. */
  readonly id: string;
  readonly query: URLSearchParams;
}

/** A path that is known, and none of whose methods was used. */
export class MethodNotAllowed extends PipelineError {
  constructor(
    method: string,
    /** The methods of the path. */
    readonly allowed: string,
  ) {
    super('METHOD_NOT_ALLOWED', {
      problem: `This path has no ${method.slice(0, 20)}.`,
      remedy: `Use ${allowed}.`,
    });
  }
}

const splitRoutes = routes.map((route) => ({ route, parts: route.path.split('/') }));

/**
 * Finds out what a request asks for.
 *
 * @throws {@link PipelineError} `ENDPOINT_UNKNOWN`, `METHOD_NOT_ALLOWED`, `OPTION_INVALID`.
 */
export function routeOf({ method, url }: Request, basePath: string): RoutedRequest {
  const { pathname, searchParams: query } = new URL(url);
  const parts = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length).split('/') : [];
  const here = splitRoutes.filter(({ parts: known }) => fits(known, parts));
  if (here.length === 0) {
    throw new PipelineError('ENDPOINT_UNKNOWN', {
      problem: 'There is nothing at this path.',
      remedy: `Use a path of ${basePath}/openapi.json.`,
    });
  }
  const found = here.find(({ route }) => route.method === method);
  if (found === undefined)
    throw new MethodNotAllowed(method, here.map(({ route }) => route.method).join(', '));
  const at = found.parts.indexOf('{id}');
  return { action: found.route.action, id: at < 0 ? '' : decodedId(parts[at] ?? ''), query };
}

function fits(known: readonly string[], parts: readonly string[]): boolean {
  return (
    known.length === parts.length &&
    known.every((part, index) => (part === '{id}' ? parts[index] !== '' : part === parts[index]))
  );
}

function decodedId(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidRequest('the id in its path is not encoded as it should be');
  }
}
