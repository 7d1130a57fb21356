import type { JsonObject } from '../data/json-value.js';
import type { NodeCounts } from '../ports/node-counts.js';
import type { ErrorRecord } from '../ports/error-record.js';
import type { CostSummary } from '../run/spending/cost-summary.js';
import type { RunStatus } from './run-status.js';

/**
 * What a start does where its thread has a run that has not ended.
 *
 * `reject` refuses the start. `enqueue` waits for its turn. `interrupt` and `rollback` end the run that is active, and
 * those that were queued before; `rollback` takes care that nothing of them stays.
 */
export type RunStrategy = 'reject' | 'interrupt' | 'rollback' | 'enqueue';

/** Every {@link RunStrategy}. */
export const runStrategies = [
  'reject',
  'interrupt',
  'rollback',
  'enqueue',
] as const satisfies readonly RunStrategy[];

/** What becomes of a run when the client that it was started for has gone. */
export type DisconnectMode = 'cancel' | 'continue';

/** How a run is cancelled; `rollback` takes care that nothing of it stays. */
export type CancelAction = 'interrupt' | 'rollback';

/** Every {@link CancelAction}. */
export const cancelActions = ['interrupt', 'rollback'] as const satisfies readonly CancelAction[];

/**
 * Why a run did not end by itself.
 *
 * `user`: cancelled. `superseded`: a later run of its thread took its place. `deadline`: its time was over.
 * `disconnect`: its client has gone. `shutdown`: its manager was closed. `budget`: it had spent its budget.
 * `orphan_recovered`: its owner died.
 */
export type RunStopReason =
  'user' | 'superseded' | 'deadline' | 'disconnect' | 'shutdown' | 'budget' | 'orphan_recovered';

/** A cancel that was recorded in the store: the first one stays. */
export interface CancelRequest {
  /** How the run is cancelled. */
  readonly action: CancelAction;
  /** Why; it becomes the `stopReason` of the run. */
  readonly reason: RunStopReason;
}

/** A recorded cancel, and the run it is for. */
export interface RequestedCancel extends CancelRequest {
  /** The run to cancel. */
  readonly runId: string;
}

/**
 * What is known of one run, as plain data that JSON carries; frozen, and never changed: a later state is a new record.
 *
 * Times are milliseconds since the epoch, on the clock of the runner.
 */
export interface RunRecord {
  /** Identifies the run; also the `runId` of its context, its events and its result. */
  readonly runId: string;
  /** What the run belongs to, such as a conversation: at most one run of a thread is running. */
  readonly threadId?: string | undefined;
  /** Whose run it is; a thread and an idempotency key belong to their tenant. */
  readonly tenantId?: string | undefined;
  /** The name of the pipeline. */
  readonly pipelineName: string;
  /** The name that the run was started by, one of the manager's `definitions`; absent where it got a class. */
  readonly definition?: string | undefined;
  /** Where the run stands. */
  readonly status: RunStatus;
  /** What the start did about other runs of its thread. */
  readonly strategy: RunStrategy;
  /** What becomes of the run when its client has gone. */
  readonly onDisconnect: DisconnectMode;
  /** Data of the caller's own. */
  readonly metadata: JsonObject;
  /** With it, a start that is repeated gives this run. */
  readonly idempotencyKey?: string | undefined;
  /** The `runId` of the run that this one goes on from; only noted. */
  readonly followUpToRunId?: string | undefined;
  /** Why the run did not end by itself; only of ended runs. */
  readonly stopReason?: RunStopReason | undefined;
  /** What the run failed with; only with the statuses `error` and `timeout`. */
  readonly error?: ErrorRecord | undefined;
  /** A cancel that the owner of the run has still to obey, or has obeyed. */
  readonly cancelRequested?: CancelRequest | undefined;
  /** The label of the manager that executes the run, or has executed it. */
  readonly ownerId: string;
  /** When the owner's claim to the run ends, on the clock of the store; absent once the run has ended. */
  readonly leaseExpiresAt?: number | undefined;
  /** When the start was accepted. */
  readonly createdAt: number;
  /** When the run began to run. */
  readonly startedAt?: number | undefined;
  /** When the run had ended, its last write included. */
  readonly endedAt?: number | undefined;
  /** What the run has cost, one row per model and currency; empty before its end. */
  readonly cost: readonly CostSummary[];
  /** The counts of every node by path; empty before its end. */
  readonly counts: Readonly<Record<string, NodeCounts>>;
}

/** The cost of a run that has cost nothing yet. */
export const noCost: RunRecord['cost'] = Object.freeze([]);
