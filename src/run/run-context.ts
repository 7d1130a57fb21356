import { inspect } from 'node:util';
import type { CancelReason } from '../errors/cancel-reason.js';
import type { Logger } from '../ports/logger.js';
import type { CancelScope } from './cancel-scope.js';
import type { RunIdentity } from './run-identity.js';

/** The ids that identify a run, in the order in which they are printed. */
const printedIds = [
  'runId',
  'rootRunId',
  'parentRunId',
  'followUpToRunId',
  'threadId',
  'correlationId',
] as const;

/** The run as one execution sees it: who it is, when it must end, and how to end it. */
export class RunContext {
  readonly #identity: RunIdentity;
  readonly #scope: CancelScope;
  readonly #path: string;
  /** Where this run's log lines go. */
  readonly logger: Logger;

  /** @hidden */
  constructor(identity: RunIdentity, scope: CancelScope, logger: Logger, path: string) {
    this.#identity = identity;
    this.#scope = scope;
    this.#path = path;
    this.logger = logger;
  }

  /** Identifies the run: new for each, unless the caller gave one; children share it by default. */
  get runId(): string {
    return this.#identity.runId;
  }

  /** The run at the top of the tree of runs; the same as `runId` at the top. */
  get rootRunId(): string {
    return this.#identity.rootRunId;
  }

  /** The run that started this one, if any. */
  get parentRunId(): string | undefined {
    return this.#identity.parentRunId;
  }

  /** The earlier run that the caller named; a child's run of its own has none. */
  get followUpToRunId(): string | undefined {
    return this.#identity.followUpToRunId;
  }

  /** The caller's id for runs that belong together; a child's run of its own has the same. */
  get threadId(): string | undefined {
    return this.#identity.threadId;
  }

  /** The id of the request that the run serves. */
  get correlationId(): string {
    return this.#identity.correlationId;
  }

  /** Aborts when the nearest scope ends: the run, or an enclosing part of it with a limit of its own. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  /** When the work must have ended, if there is a limit. */
  get deadline(): Date | undefined {
    return this.#scope.deadlineMs === undefined ? undefined : new Date(this.#scope.deadlineMs);
  }

  /** Cancels the whole run, from any depth; never throws, and the first reason wins. */
  cancel(reason: CancelReason = { kind: 'user' }): void {
    this.#scope.run.cancel(reason, this.#path);
  }

  /** The ids only: neither limits nor the reason of a cancel. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(printedIds.map((id) => [id, this[id]]));
  }

  /** @internal */
  [inspect.custom](): string {
    return `RunContext ${inspect(this.toJSON())}`;
  }

  /** @internal What a run that joins this one shares with it. */
  static parts(run: RunContext): { identity: RunIdentity; scope: CancelScope } {
    return { identity: run.#identity, scope: run.#scope };
  }
}
