import type { ContextFrame } from '../../context/context-frame.js';
import type { Audience } from '../../observability/audience.js';
import { NodeMeter } from '../../observability/node-meter.js';
import { fineTimer } from '../../ports/clock.js';
import { alarmAt } from '../../run/ending/alarm.js';
import type { Counts } from './counts.js';
import type { StageSite } from './stage-site.js';

/** Milliseconds between two readings. */
const INTERVAL_MS = 250;

/** An execution whose nodes may be measured: those of one that nobody hears are not. */
interface MeasuredExecution {
  readonly audience: Audience | undefined;
}

/** A node that is measured. */
interface MeasuredStage {
  readonly index: number;
  readonly site: StageSite;
  /** True if its code is called once per item and try. */
  readonly isCalled: boolean;
}

/** The nodes of the run's root pipeline, by their numbers. */
export interface RootNodes {
  readonly sources: readonly number[];
  readonly all: readonly number[];
}

/** What is read off a run from time to time: the measures of its nodes, and its progress. */
export class RunReadings {
  readonly #hearsNodes: boolean;
  readonly #hearsProgress: boolean;
  readonly #nowMs: () => number;
  readonly #readingMs: number;
  readonly #startedMs: number;
  /** By the number of the node. */
  readonly #meters: ({ readonly node: MeasuredStage; readonly meter: NodeMeter } | undefined)[] = [];
  /** How many items each source of the root pipeline gives; undefined for one that does not know. */
  readonly #sizes = new Map<number, number | undefined>();
  #root: RootNodes = { sources: [], all: [] };
  #stopAlarm: (() => void) | undefined;

  private constructor(
    private readonly audience: Audience,
    private readonly frame: ContextFrame,
    private readonly counts: Counts,
  ) {
    const { clock } = frame.scope;
    this.#hearsNodes = audience.hears('nodeMeasured');
    this.#hearsProgress = audience.hears('progress');
    this.#nowMs = fineTimer(clock);
    this.#readingMs = costOf(this.#nowMs);
    this.#startedMs = clock.now();
  }

  /** The readings of a run; undefined where nobody hears them. */
  static of(audience: Audience | undefined, frame: ContextFrame, counts: Counts): RunReadings | undefined {
    if (audience === undefined) return undefined;
    const isHeard = audience.hears('nodeMeasured') || audience.hears('progress');
    return isHeard ? new RunReadings(audience, frame, counts) : undefined;
  }

  /** Begins to tell, every 250 ms. */
  start(root: RootNodes): void {
    this.#root = root;
    this.#arm();
  }

  /** Tells all for the last time. */
  end(): void {
    this.#stopAlarm?.();
    this.#tell(true);
  }

  /** True if somebody hears of the nodes of an execution. */
  measures({ audience }: MeasuredExecution): boolean {
    return this.#hearsNodes && audience !== undefined;
  }

  /** The meter of a node that is measured; made when the node is first ready. */
  meterOf(node: MeasuredStage): NodeMeter {
    return this.#meters[node.index]?.meter ?? this.#newMeter(node);
  }

  /** The same, if somebody hears of the nodes of the execution. */
  meterIn(execution: MeasuredExecution, node: MeasuredStage): NodeMeter | undefined {
    return this.measures(execution) ? this.meterOf(node) : undefined;
  }

  /** The meter of the node with a number; undefined for one that is not measured. */
  meterAt(index = -1): NodeMeter | undefined {
    return this.#meters[index]?.meter;
  }

  /** Notes how many items a source of the root pipeline gives; undefined if it does not know. */
  found(source: number, size: number | undefined): void {
    this.#sizes.set(source, size);
  }

  #newMeter(node: MeasuredStage): NodeMeter {
    const meter = new NodeMeter(this.#nowMs, this.#readingMs, this.#nowMs());
    this.#meters[node.index] = { node, meter };
    return meter;
  }

  #arm(): void {
    const { clock } = this.frame.scope;
    const ring = (): void => {
      this.#tell(false);
      this.#arm();
    };
    this.#stopAlarm = alarmAt(clock, clock.now() + INTERVAL_MS, ring, false);
  }

  #tell(isLast: boolean): void {
    const { scope, identity, pipelineId, path } = this.frame;
    const runId = identity.get('runId');
    const tenantId = identity.get('tenantId');
    const at = scope.clock.now();
    this.counts.addUpAll();
    if (this.#hearsNodes) {
      for (const measured of this.#meters) {
        if (measured === undefined) continue;
        const { site } = measured.node;
        const of = { path: site.path, runId, pipelineId, at, tenantId, nodeId: site.id };
        const measures = this.#measure(measured.node, measured.meter, isLast);
        this.audience.tell(Object.freeze({ type: 'nodeMeasured', ...of, ...measures }), this.frame);
      }
    }
    if (!this.#hearsProgress) return;
    const progress = { ...this.#progress(at - this.#startedMs), isLast };
    this.audience.tell(
      Object.freeze({ type: 'progress', path, runId, pipelineId, at, tenantId, ...progress }),
      this.frame,
    );
  }

  #measure({ index, isCalled }: MeasuredStage, meter: NodeMeter, isLast: boolean) {
    const counter = this.counts.reading(index);
    const counts = counter.snapshot(isLast);
    const { blockedMs, latency, lanes, sinceMs } = meter;
    // Where calls are counted, that number is exact: in children a node is not asked about each.
    const busyMs = meter.busyMs(isCalled ? counter.endedCalls : undefined);
    const elapsedMs = this.#nowMs() - sinceMs;
    const waitingMs = Math.max(lanes * elapsedMs - busyMs - blockedMs, 0);
    const perSecond = rate(counts.in, elapsedMs);
    const queued = isLast ? 0 : counter.queued;
    const inFlight = isLast ? 0 : Math.max(counter.waiting - queued, 0);
    return { counts, busyMs, waitingMs, blockedMs, perSecond, latency, inFlight, queued, isLast };
  }

  #progress(elapsedMs: number) {
    const { sources, all } = this.#root;
    const given = sum(sources, (index) => this.counts.reading(index).snapshot().in);
    const done = Math.max(given - sum(all, (index) => this.counts.reading(index).waiting), 0);
    const sizes = sources.map((index) => this.#sizes.get(index));
    const known = sizes.filter((size) => size !== undefined);
    const isKnown = known.length === sources.length && sources.length > 0;
    const total = isKnown
      ? Math.max(
          sum(known, (size) => size),
          given,
        )
      : undefined;
    const perSecond = rate(done, elapsedMs);
    const remainingMs =
      total === undefined || perSecond === 0 ? undefined : ((total - done) / perSecond) * 1000;
    return { done, total, perSecond, remainingMs };
  }
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

function rate(count: number, elapsedMs: number): number {
  return elapsedMs > 0 ? (count / elapsedMs) * 1000 : 0;
}

/** What one reading of a clock adds to a duration, in milliseconds. */
function costOf(nowMs: () => number): number {
  let least = Infinity;
  for (let time = 0; time < 8; time += 1) {
    const before = nowMs();
    least = Math.min(least, nowMs() - before);
  }
  return least;
}
