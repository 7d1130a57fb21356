import { randomUUID } from 'node:crypto';
import type { RunContextOptions } from './run-context-options.js';

/** What an identity is made from; see {@link RunIdentity}. */
export type RunIdentityOptions = Pick<
  RunContextOptions,
  'runId' | 'threadId' | 'followUpToRunId' | 'correlationId'
>;

/** Who a run is. Ids that were not given are made when they are first read. */
export class RunIdentity {
  readonly #options: RunIdentityOptions;
  readonly #parent: RunIdentity | undefined;
  #runId: string | undefined;
  #correlationId: string | undefined;

  /** @param parent the run that this one was started by. */
  constructor(options: RunIdentityOptions = {}, parent?: RunIdentity) {
    this.#options = options;
    this.#parent = parent;
    this.#runId = options.runId;
  }

  get runId(): string {
    return (this.#runId ??= randomUUID());
  }

  get rootRunId(): string {
    return this.#parent === undefined ? this.runId : this.#parent.rootRunId;
  }

  get parentRunId(): string | undefined {
    return this.#parent?.runId;
  }

  get threadId(): string | undefined {
    return this.#options.threadId;
  }

  get followUpToRunId(): string | undefined {
    return this.#options.followUpToRunId;
  }

  get correlationId(): string {
    return (this.#correlationId ??=
      usableCorrelationId(this.#options.correlationId) ?? this.#parent?.correlationId ?? randomUUID());
  }

  /** The identity of a child that does not inherit this one: a new run, linked to this run. */
  fork(): RunIdentity {
    return new RunIdentity({ threadId: this.threadId }, this);
  }
}

/** A correlation id from outside, or undefined when it is not 1 to 512 printable ASCII characters. */
function usableCorrelationId(given: unknown): string | undefined {
  return typeof given === 'string' && /^[\x20-\x7e]{1,512}$/.test(given) ? given : undefined;
}
