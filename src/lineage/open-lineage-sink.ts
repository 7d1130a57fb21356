import { runOutside } from '../context/ambient-context.js';
import { ignoreRejection, readProperty } from '../data/foreign-value.js';
import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import type { OptionRule } from '../errors/option-rules.js';
import { storeUnavailable } from '../errors/store-errors.js';
import type {
  CompositeStarted,
  ExecutionObserver,
  NodeCompleted,
  NodeStarted,
  Outcome,
  PipelineCompleted,
  PipelineFailed,
  PipelineStarted,
} from '../ports/execution-observer.js';
import type { LineageRecord, LineageSink } from '../ports/lineage-sink.js';
import { errorFacet, eventOf, itemsFacet, newRun } from './open-lineage-event.js';
import type { LineageRun, OpenLineageEvent, OpenLineageFacet } from './open-lineage-event.js';
import { uuidOf } from './uuid-of.js';

/** What sends a request: the `fetch` of the platform is one. */
export type OpenLineageFetch = (
  url: string,
  request: {
    readonly method: 'POST';
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly signal: AbortSignal;
  },
) => Promise<OpenLineageAnswer>;

/** What is needed of the answer to a request: a `Response` is one. */
export interface OpenLineageAnswer {
  /** Whether the server has taken the event. */
  readonly ok: boolean;
  /** The status of HTTP. */
  readonly status: number;
  /** Reads the body to its end. */
  text(): Promise<string>;
}

/** Where events go: give one of `emit` and `url`. */
export interface OpenLineageTarget {
  /** The namespace of jobs, and of datasets that have none of their own. */
  readonly namespace: string;
  /** Takes each event; a returned promise is awaited before the next event. */
  readonly emit?: ((event: OpenLineageEvent) => unknown) | undefined;
  /** Where each event is sent to by `POST`, such as `http://localhost:5000/api/v1/lineage`. */
  readonly url?: string | undefined;
  /** What requests are made with. Default: the `fetch` of the platform. */
  readonly fetch?: OpenLineageFetch | undefined;
  /** Headers of each request beside `content-type`, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What is told of. */
export interface OpenLineageOptions {
  /**
   * Whether each execution of a child is a run of its own, one for each item. Default `false`: all executions of a
   * composite's child within a run are one run.
   */
  readonly perExecution?: boolean | undefined;
  /** With so many events waiting, items wait too, where this is the lineage sink. Default 64. */
  readonly maxPending?: number | undefined;
}

const httpAddress: OptionRule = (value) =>
  typeof value === 'string' && /^https?:/i.test(value) && URL.canParse(value)
    ? undefined
    : "an address such as 'http://localhost:5000/api/v1/lineage'";

const textsByName: OptionRule = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((each) => typeof each === 'string')
    ? undefined
    : 'an object with texts';

/** How long a server may take to answer. */
const ANSWER_MS = 30_000;

/** A run at the top: what it is made of. */
interface RootRun {
  readonly run: LineageRun;
  /** The runs of its composites by path, in the order of their starts; empty where each execution is one. */
  readonly composites: Map<string, LineageRun & { outcome: Outcome }>;
  /** How many recorded items ended in which way. */
  readonly outcomes: Map<string, number>;
}

/** A pipeline execution that has not ended. */
interface OpenExecution {
  readonly root: RootRun;
  readonly run: LineageRun;
  readonly path: string;
  readonly runId: string;
}

/**
 * Tells an OpenLineage server, such as Marquez, what runs: jobs, their runs and parents, and what they read and write.
 *
 * Give it to a run as `executionObserver` and as `lineageSink`: as a sink it counts how items have ended, keeps items
 * waiting where the server is slow, and has everything sent before the run ends. Without that, call {@link flush}. Each
 * pipeline and each composite is a job, named by its path with dots. Sources are inputs and sinks are outputs; the
 * metadata `openLineage: { namespace, name }` of a node names its dataset, which for a node that is no sink is an input.
 * Run ids that are no UUIDs become UUIDs of version 5. Of errors only the code is told.
 *
 * @example
 * {@includeCode ../../examples/api/open-lineage-sink.ts}
 */
export class OpenLineageSink implements LineageSink, ExecutionObserver {
  readonly #namespace: string;
  readonly #emit: (event: OpenLineageEvent) => unknown;
  readonly #perExecution: boolean;
  readonly #maxPending: number;
  readonly #executions = new Map<string, OpenExecution>();
  /** The execution that has started a child, for children whose own start has not been told. */
  readonly #parents = new Map<string, string>();
  /** Settles once all events so far are sent; never rejects. */
  #sent: Promise<void> = Promise.resolve();
  #pending = 0;
  #failure: { readonly error: unknown } | undefined;

  /** @throws {@link PipelineError} `OPTION_INVALID`. */
  constructor(target: OpenLineageTarget, options: OpenLineageOptions = {}) {
    checkOptions('OpenLineageSink', target, {
      namespace: rule.text,
      emit: rule.callable,
      url: httpAddress,
      fetch: rule.callable,
      headers: textsByName,
    });
    checkOptions('OpenLineageSink', options, {
      perExecution: rule.boolean,
      maxPending: rule.positiveInteger,
    });
    const { namespace, emit, url } = target;
    if ((namespace as string | undefined) === undefined)
      throw invalidOption('OpenLineageSink', "'namespace' is required");
    if ((emit === undefined) === (url === undefined))
      throw invalidOption('OpenLineageSink', "one of 'emit' and 'url' must be given, not both");
    this.#namespace = namespace;
    this.#emit = emit ?? ((event) => post(target, url ?? '', event));
    this.#perExecution = options.perExecution ?? false;
    this.#maxPending = options.maxPending ?? 64;
  }

  /** Counts how an item has ended; a promise where too many events wait. Runs call this. */
  record({ pipelineId, runId, outcome, terminal }: LineageRecord): unknown {
    const outcomes = (this.#executions.get(pipelineId) ?? this.#ofRun(runId))?.root.outcomes;
    if (terminal && outcomes !== undefined) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    return this.#pending < this.#maxPending ? undefined : this.#sent;
  }

  /** Resolves once all events so far are sent; rejects with the first error since the last call. */
  async flush(): Promise<void> {
    await this.#sent;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  /** Notes which execution a child belongs to. Runs call this. */
  compositeStarted({ pipelineId, childPipelineId }: CompositeStarted): void {
    if (this.#executions.has(pipelineId)) this.#parents.set(childPipelineId, pipelineId);
  }

  /** Tells that a job has started. Runs call this. */
  pipelineStarted({ pipelineId, path, runId, at }: PipelineStarted): unknown {
    const parent = this.#parentOf(pipelineId, path, runId);
    const job = this.#named(path);
    if (parent === undefined) {
      const run = newRun(uuidOf(runId), job, undefined);
      this.#executions.set(pipelineId, {
        root: { run, composites: new Map(), outcomes: new Map() },
        run,
        path,
        runId,
      });
      return this.#send(eventOf(run, 'START', at));
    }
    const { root } = parent;
    const known = root.composites.get(path);
    const id = this.#perExecution ? pipelineId : `${root.run.runId} ${path}`;
    const run = known ?? newRun(uuidOf(id), job, parent.run);
    this.#executions.set(pipelineId, { root, run, path, runId });
    if (known !== undefined) return undefined;
    if (!this.#perExecution) root.composites.set(path, { ...run, outcome: 'succeeded' });
    return this.#send(eventOf(run, 'START', at));
  }

  /** Notes what a job reads or writes. Runs call this. */
  nodeStarted({ pipelineId, path, kind, metadata }: NodeStarted): void {
    const run = this.#executions.get(pipelineId)?.run;
    if (run === undefined || run.inputs.has(path) || run.outputs.has(path)) return;
    const given = metadata['openLineage'];
    if (given === undefined && kind !== 'source' && kind !== 'sink') return;
    const [namespace, name] = [readProperty(given, 'namespace'), readProperty(given, 'name')];
    const hasDataset = typeof namespace === 'string' && typeof name === 'string';
    (kind === 'sink' ? run.outputs : run.inputs).set(
      path,
      hasDataset ? { namespace, name } : this.#named(path),
    );
    if (given !== undefined && !hasDataset)
      throw invalidOption("the metadata 'openLineage'", "'namespace' and 'name' must be texts", path);
  }

  /** Notes how a composite has ended. Runs call this. */
  nodeCompleted({ pipelineId, path, outcome }: NodeCompleted): void {
    const composite = this.#executions.get(pipelineId)?.root.composites.get(path);
    if (composite !== undefined && composite.outcome !== 'failed' && outcome !== 'succeeded')
      composite.outcome = outcome;
  }

  /** Tells that a job has succeeded. Runs call this. */
  pipelineCompleted(event: PipelineCompleted): unknown {
    return this.#end(event, 'succeeded', undefined);
  }

  /** Tells that a job has failed or was cancelled. Runs call this. */
  pipelineFailed(event: PipelineFailed): unknown {
    return this.#end(event, event.outcome, event.error.code ?? event.error.name);
  }

  #end(
    { pipelineId, at }: PipelineCompleted | PipelineFailed,
    outcome: Outcome,
    code: string | undefined,
  ): unknown {
    const execution = this.#executions.get(pipelineId);
    if (execution === undefined) return undefined;
    this.#executions.delete(pipelineId);
    const { root, run } = execution;
    if (run !== root.run) return this.#perExecution ? this.#send(endOf(run, outcome, at, code)) : undefined;
    const composites = [...root.composites.values()].reverse();
    for (const each of composites) ignoreRejection(this.#send(endOf(each, each.outcome, at, code)));
    const items = root.outcomes.size === 0 ? {} : { heirline_items: itemsFacet(root.outcomes) };
    return this.#send(endOf(run, outcome, at, code, items));
  }

  /** The execution around a child; of a child that gets the whole stream, the one that its path is in. */
  #parentOf(pipelineId: string, path: string, runId: string): OpenExecution | undefined {
    const parentId = this.#parents.get(pipelineId);
    this.#parents.delete(pipelineId);
    if (parentId !== undefined) return this.#executions.get(parentId);
    const around = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (around === '') return undefined;
    return [...this.#executions.values()]
      .filter((each) => each.path === around && each.runId === runId)
      .at(-1);
  }

  #ofRun(runId: string): OpenExecution | undefined {
    for (const execution of this.#executions.values()) if (execution.runId === runId) return execution;
    return undefined;
  }

  /** A job or dataset with the name of a path. */
  #named(path: string): { readonly namespace: string; readonly name: string } {
    return { namespace: this.#namespace, name: path.replaceAll('/', '.') };
  }

  /** Sends an event after those before it. An observer may return the promise: what rejects is logged. */
  #send(event: OpenLineageEvent): Promise<void> {
    this.#pending += 1;
    // Not as a part of the run, which would stay in memory as long as the next event waits.
    const sending = runOutside(() =>
      this.#sent.then(async () => {
        await this.#emit(event);
      }),
    );
    this.#sent = sending
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .then(() => {
        this.#pending -= 1;
      });
    return sending;
  }
}

const endTypes = { succeeded: 'COMPLETE', failed: 'FAIL', cancelled: 'ABORT' } as const;

function endOf(
  run: LineageRun,
  outcome: Outcome,
  at: number,
  code: string | undefined,
  facets: Readonly<Record<string, OpenLineageFacet>> = {},
): OpenLineageEvent {
  const error = outcome !== 'failed' || code === undefined ? {} : { errorMessage: errorFacet(code) };
  return eventOf(run, endTypes[outcome], at, { ...facets, ...error });
}

/** Sends an event to a server. */
async function post(
  { fetch: ask = fetch, headers }: OpenLineageTarget,
  url: string,
  event: OpenLineageEvent,
): Promise<void> {
  const response = await ask(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  // Else the connection would stay busy.
  await response.text();
  if (!response.ok)
    throw storeUnavailable({
      problem: `The OpenLineage server at '${url}' answered ${String(response.status)}.`,
      remedy: "Look at 'url' and 'headers', and at the log of the server.",
    });
}
