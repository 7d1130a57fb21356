import type { Definition } from '../engine/run-arguments.js';
import type { NoItem } from '../builder/builder-options.js';
import { PipelineRunner } from '../engine/pipeline-runner.js';
import { invalidOption, checkOptions, rule } from '../errors/option-rules.js';
import { isArray, isObject } from '../data/foreign-value.js';
import { idRule, isDefinitionSource } from './start-options.js';
import type { RunRecord } from './run-record.js';
import type { RunStore } from './run-store.js';

/** How a manager of runs is made. */
export interface RunManagerOptions {
  /** Executes the runs. Default: a runner without options. */
  readonly runner?: PipelineRunner | undefined;
  /** Keeps the runs; the manager closes it. Default: a new {@link MemoryRunStore}. */
  readonly store?: RunStore | undefined;
  /** Definitions that runs can be started by name with; only such runs can wait through a restart. */
  readonly definitions?: Readonly<Record<string, Definition<NoItem, NoItem>>> | undefined;
  /** The label of this manager in records; it need not be unique. Default: made of the id of the process. */
  readonly ownerId?: string | undefined;
  /** How long runs belong to this manager without a sign of life. Default 30,000 ms. */
  readonly leaseMs?: number | undefined;
  /** How often it gives one; also how long a call of the store may take. Less than `leaseMs`. Default 10,000 ms. */
  readonly heartbeatMs?: number | undefined;
  /** How often it looks for runs whose owner has died. Default: `leaseMs`. */
  readonly sweepMs?: number | undefined;
  /** How long after the end of a lease its owner may still come back. Default 10,000 ms. */
  readonly graceMs?: number | undefined;
  /** How many ended runs a memory store keeps. Default 1,000. */
  readonly memoryCap?: number | undefined;
  /** How many runs of one thread may wait. Default 100. */
  readonly maxQueued?: number | undefined;
  /** How long after a run's client has left another one can take its place. Default 0. */
  readonly disconnectGraceMs?: number | undefined;
  /** Told of the runs of dead owners that a sweep has ended. */
  readonly onRecovered?: ((records: readonly RunRecord[]) => unknown) | undefined;
}

/** The options with their defaults. */
type Defaulted = Exclude<keyof RunManagerOptions, 'store' | 'onRecovered'>;
type ManagerOptions = { readonly [TName in Defaulted]-?: NonNullable<RunManagerOptions[TName]> } & Pick<
  RunManagerOptions,
  'store' | 'onRecovered'
>;

const storeMethods = [
  ...['insert', 'update', 'renew', 'requestCancel', 'cancels', 'claimExpired', 'loadInput', 'appendEvents'],
  ...[
    'readEvents',
    'get',
    'list',
    'byKey',
    'active',
    'loadSession',
    'saveSession',
    'prune',
    'forget',
    'close',
  ],
];

/**
 * Judges the options of a manager, and gives them with their defaults.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function managerOptions(options: RunManagerOptions): ManagerOptions {
  checkOptions('RunManager', options, {
    runner: rule.instanceOf(PipelineRunner),
    store: rule.having(...storeMethods),
    definitions: definitionsRule,
    ownerId: idRule,
    leaseMs: rule.positiveTimer,
    heartbeatMs: rule.positiveTimer,
    sweepMs: rule.positiveTimer,
    graceMs: rule.timer,
    memoryCap: rule.positiveInteger,
    maxQueued: rule.positiveInteger,
    disconnectGraceMs: rule.timer,
    onRecovered: rule.callable,
  });
  const { leaseMs = 30_000, heartbeatMs = Math.min(10_000, leaseMs / 3) } = options;
  if (heartbeatMs >= leaseMs) {
    throw invalidOption(
      'RunManager',
      `'heartbeatMs' (${String(heartbeatMs)}) must be less than 'leaseMs' (${String(leaseMs)})`,
    );
  }
  return {
    runner: options.runner ?? new PipelineRunner(),
    store: options.store,
    definitions: options.definitions ?? {},
    ownerId: options.ownerId ?? `process-${String(process.pid)}`,
    leaseMs,
    heartbeatMs,
    sweepMs: options.sweepMs ?? leaseMs,
    graceMs: options.graceMs ?? 10_000,
    memoryCap: options.memoryCap ?? 1000,
    maxQueued: options.maxQueued ?? 100,
    disconnectGraceMs: options.disconnectGraceMs ?? 0,
    onRecovered: options.onRecovered,
  };
}

function definitionsRule(value: unknown): string | undefined {
  const expected = 'an object with definitions by name';
  if (!isObject(value) || isArray(value)) return expected;
  const wrong = Object.entries(value).find(
    ([name, definition]) => idRule(name) !== undefined || !isDefinitionSource(definition),
  );
  return wrong === undefined ? undefined : `${expected}: '${wrong[0].slice(0, 100)}' is none`;
}
