import { ignoreRejection } from '../data/foreign-value.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import { countRule } from '../run/spending/spending-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { RunCancelledError } from '../errors/run-cancelled-error.js';
import type { CancelOutcome } from './cancel-outcome.js';
import { cancelRun } from './cancel-run.js';
import type { CancelOptions } from './cancel-options.js';
import { stopRequestOf } from './cancel-options.js';
import { EventReader } from './event-reader.js';
import type { EventReaderOptions } from './event-reader.js';
import { managedResult } from './managed-result.js';
import type { KnownResult, ManagedRunResult } from './managed-result.js';
import type { OwnRun } from './own-run.js';
import type { RunDesk } from './run-desk.js';
import type { RunEvent } from './run-event.js';
import { kindOf } from './run-end.js';
import type { RunRecord } from './run-record.js';
import { waitForRun } from './wait-for-run.js';

/** The events of a run for somebody whose leaving may count. */
export interface Subscription extends AsyncIterable<RunEvent> {
  /**
   * Leaves. Where this is the run's client, the first who has subscribed, and the run's `onDisconnect` is `cancel`, the
   * run is cancelled, unless somebody takes its place within the manager's `disconnectGraceMs`. To leave the loop over
   * the events is the same.
   */
  close(): void;
}

/** How a run is subscribed to. */
export interface SubscribeOptions {
  /** The number of the last event that is known: reading begins after it. Default 0. */
  readonly from?: number | undefined;
  /** How long after the client has left another one can take its place. Default: that of the manager. */
  readonly disconnectGraceMs?: number | undefined;
}

/** A run that was started, or found by its idempotency key. */
export interface RunHandle {
  /** The `runId`. */
  readonly id: string;
  /** True where an earlier start with the same idempotency key had made the run. */
  readonly isRepeated: boolean;
  /** What is known of the run here by now; of a run of another manager, what was known last. */
  readonly record: RunRecord;
  /**
   * Settles when the run has ended, its last write included; nobody needs to await it.
   *
   * Rejects with the error that ended the run: a {@link RunCancelledError} where it was interrupted, `LEASE_LOST` where
   * another manager has taken it over. Of a run that is not executed here it follows the record.
   */
  readonly result: Promise<ManagedRunResult>;
  /** The events of the run, from the first or after a number; ends after `runEnded`. */
  events(options?: EventReaderOptions): AsyncIterableIterator<RunEvent>;
  /** The events of the run for a client: the first subscriber is the one whose leaving counts. */
  subscribe(options?: SubscribeOptions): Subscription;
  /** Cancels the run; answers before it has stopped. */
  cancel(options?: CancelOptions): Promise<CancelOutcome>;
}

const eventRules = {
  from: countRule,
  signal: rule.signal,
};

/**
 * Reads the events of a run.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function readEvents(desk: RunDesk, runId: string, options: EventReaderOptions = {}): EventReader {
  checkOptions('events', options, eventRules);
  return new EventReader(desk, runId, options);
}

/** The same as a client, where the run is executed here. */
export function subscribeTo(
  desk: RunDesk,
  runId: string,
  clients: OwnRun['clients'] | undefined,
  options: SubscribeOptions = {},
): Subscription {
  checkOptions('subscribe', options, { from: eventRules.from, disconnectGraceMs: rule.timer });
  const { from, disconnectGraceMs = desk.parts.disconnectGraceMs } = options;
  const leave = clients?.join(disconnectGraceMs);
  const reader = new EventReader(desk, runId, { from }, leave);
  return {
    [Symbol.asyncIterator]: () => reader,
    close: () => {
      void reader.return();
    },
  };
}

/** The handle of a run that is executed here. */
export class OwnHandle implements RunHandle {
  readonly #desk: RunDesk;
  readonly isRepeated: boolean;
  readonly #run: OwnRun;

  constructor(desk: RunDesk, run: OwnRun, isRepeated: boolean) {
    this.#desk = desk;
    this.#run = run;
    this.isRepeated = isRepeated;
  }

  get id(): string {
    return this.#run.record.runId;
  }

  get record(): RunRecord {
    return this.#run.record;
  }

  get result(): Promise<ManagedRunResult> {
    return this.#run.result;
  }

  events(options?: EventReaderOptions): AsyncIterableIterator<RunEvent> {
    return readEvents(this.#desk, this.id, options);
  }

  subscribe(options?: SubscribeOptions): Subscription {
    return subscribeTo(this.#desk, this.id, this.#run.clients, options);
  }

  cancel(options?: CancelOptions): Promise<CancelOutcome> {
    return cancelHere(this.#desk, this.id, options);
  }
}

/** The handle of a run that is executed elsewhere, or was. */
export class FollowedHandle implements RunHandle {
  readonly isRepeated = true;
  readonly #desk: RunDesk;
  #record: RunRecord;
  #result: Promise<ManagedRunResult> | undefined;

  constructor(desk: RunDesk, record: RunRecord) {
    this.#desk = desk;
    this.#record = record;
  }

  get id(): string {
    return this.#record.runId;
  }

  get record(): RunRecord {
    return this.#record;
  }

  /** Followed from when it is first asked for. */
  get result(): Promise<ManagedRunResult> {
    if (this.#result === undefined) {
      this.#result = this.#follow();
      ignoreRejection(this.#result);
    }
    return this.#result;
  }

  events(options?: EventReaderOptions): AsyncIterableIterator<RunEvent> {
    return readEvents(this.#desk, this.id, options);
  }

  subscribe(options?: SubscribeOptions): Subscription {
    return subscribeTo(this.#desk, this.id, undefined, options);
  }

  cancel(options?: CancelOptions): Promise<CancelOutcome> {
    return cancelHere(this.#desk, this.id, options);
  }

  async #follow(): Promise<ManagedRunResult> {
    this.#record = await waitForRun(this.#desk, this.id, {}, () => true);
    const { status } = this.#record;
    if (status === 'success') return managedResult(resultOf(this.#record), true);
    throw errorOf(this.#record);
  }
}

async function cancelHere(desk: RunDesk, runId: string, options?: CancelOptions): Promise<CancelOutcome> {
  return await cancelRun(desk, runId, stopRequestOf(options));
}

/** What a record tells of the result: nodes and context were in another process. */
function resultOf({ runId, pipelineName, startedAt = 0, endedAt = 0, cost }: RunRecord): KnownResult {
  return {
    runId,
    pipelineName,
    status: 'succeeded',
    durationMs: endedAt - startedAt,
    abandoned: [],
    cost: [...cost],
    failures: { shown: [], total: 0 },
  };
}

/** The error of a record; its class is lost, its code and words are not. */
function errorOf({ status, stopReason = 'user', error, pipelineName }: RunRecord): Error {
  if (status === 'interrupted') {
    return new RunCancelledError({ kind: kindOf[stopReason], message: 'the run was stopped' }, pipelineName);
  }
  const failure = new PipelineError('NODE_FAILED', {
    problem: 'the run has failed',
    remedy: 'See its record.',
    path: error?.path,
  });
  const { name = failure.name, code = failure.code, message = failure.message, stack, cause } = error ?? {};
  for (const [field, value] of Object.entries({ name, code, message, stack, cause })) {
    Object.defineProperty(failure, field, {
      value,
      configurable: true,
      writable: true,
      enumerable: field === 'code',
    });
  }
  return failure;
}
