import { checkArgument, checkOptions, rule } from '../errors/option-rules.js';
import { silentLogger } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import type { ServedManager } from './served-manager.js';

/** What a request is about to do. */
export type RunRequestAction = 'start' | 'list' | 'get' | 'wait' | 'cancel' | 'events' | 'session';

/** On whose behalf a request acts. */
export interface RequestIdentity {
  /** The tenant whose runs the request starts and sees. Without one: the runs that have no tenant, and no others. */
  readonly tenantId?: string | undefined;
  /** Who asks, as plain data: nodes of the runs read it as `context.run.principal`. */
  readonly principal?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Says on whose behalf a request acts, or refuses the request with an answer of its own, such as a 401.
 *
 * Called once per request. It must not read the body. What it throws is answered as 500.
 */
export type AuthoriseRequest = (
  request: Request,
  action: RunRequestAction,
) => RequestIdentity | Response | Promise<RequestIdentity | Response>;

/** What a handler of requests is made of. */
export interface RunHandlerOptions {
  /** A `RunManager`; requests start only what its `definitions` name. */
  readonly manager: ServedManager;
  /** Asked for every request but `GET /openapi.json`. */
  readonly authorise: AuthoriseRequest;
  /** What stands before all paths, such as `/api`. Default: nothing. */
  readonly basePath?: string | undefined;
  /** How many bytes the body of a request may have. Default 1 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /**
   * How long after the client of a run has left its event stream another stream can take its place, in milliseconds;
   * then a run with `onDisconnect: 'cancel'` is cancelled. Default 5,000.
   */
  readonly disconnectGraceMs?: number | undefined;
  /** After so many milliseconds without an event a stream sends a comment, so that nobody cuts it. Default 15,000. */
  readonly heartbeatMs?: number | undefined;
  /** Gets a line for each request that failed for a reason of the server's own. Default: none. */
  readonly logger?: Logger | undefined;
}

/** The options with their defaults. */
export type JudgedHandlerOptions = {
  readonly [TName in keyof RunHandlerOptions]-?: Exclude<RunHandlerOptions[TName], undefined>;
};

const handlerRules = {
  manager: rule.having('forTenant'),
  authorise: rule.callable,
  basePath: (value: unknown) =>
    typeof value === 'string' && /^(\/[\w.~!$&'()*+,;=:@-]+)*$/.test(value)
      ? undefined
      : "a path such as '/api', without a slash at its end",
  maxBodyBytes: rule.positiveInteger,
  disconnectGraceMs: rule.timer,
  heartbeatMs: rule.positiveTimer,
  logger: rule.having('warn', 'error'),
};

/**
 * Judges the options of a handler.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function judgeHandlerOptions(options: RunHandlerOptions): JudgedHandlerOptions {
  const subject = 'createRunHandler';
  checkArgument(subject, options, rule.object);
  checkOptions(subject, options, handlerRules);
  for (const name of ['manager', 'authorise'] as const)
    checkArgument(`${subject} ('${name}')`, options[name], handlerRules[name]);
  const { manager, authorise, basePath = '', maxBodyBytes = 1_048_576 } = options;
  const { disconnectGraceMs = 5_000, heartbeatMs = 15_000, logger = silentLogger } = options;
  return { manager, authorise, basePath, maxBodyBytes, disconnectGraceMs, heartbeatMs, logger };
}
