import { inspect } from 'node:util';
import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import type { CancelReason } from '../errors/cancel-reason.js';
import type { DeadLetterDecorator, DeadLetterSink } from '../ports/dead-letter-sink.js';
import type { ExecutionObserver } from '../ports/execution-observer.js';
import type { LineageSink } from '../ports/lineage-sink.js';
import type { Logger } from '../ports/logger.js';
import { boundLogger } from '../run/bound-logger.js';
import type { CancelScope } from '../run/ending/cancel-scope.js';
import { RunContext } from '../run/run-context.js';
import type { ContextDictionary } from './context-dictionary.js';
import type { ContextFrame } from './context-frame.js';
import type { Key } from './context-key.js';
import { keyName } from './context-key.js';
import { dictionaryKinds } from './dictionary-kind.js';
import type { DictionaryKind } from './dictionary-kind.js';
import type { Disposer, OutcomeDisposer } from './disposers.js';
import { ExecutionClock } from './execution-clock.js';
import { explain } from './explain.js';
import type { ContextProvenance } from './explain.js';
import type { ParentLinkage } from './parent-linkage.js';
import type { PipelineContextOptions } from './pipeline-context-options.js';
import { TemplateFrame } from './template-frame.js';

/** The ids of a context: all that is ever printed of it. */
const printedIds = [
  'runId',
  'rootRunId',
  'parentRunId',
  'pipelineId',
  'pipelineName',
  'path',
  'currentNodeId',
  'parent',
] as const;

/** What few views have: one is made for every node of every execution. */
interface ViewExtras {
  /** The scope of one item, where the node has a limit for each. */
  readonly itemScope: CancelScope | undefined;
  run: RunContext | undefined;
  logger: Logger | undefined;
}

/** The state behind a context. No public object leads to it: a child must not reach its parent's. */
export let frameOf: (context: PipelineContext) => ContextFrame;

/**
 * Makes a context that shows a frame.
 *
 * @param currentNodeId the node that the context is given to; undefined for an execution as a whole.
 * @param itemScope the scope of one item, where the node has a limit for each.
 */
export let viewOf: (frame: ContextFrame, currentNodeId?: string, itemScope?: CancelScope) => PipelineContext;

/** Passed by {@link viewOf}, and known to nobody else: what is given with it is a frame. */
const asView = Symbol('view');

/**
 * What a pipeline's code knows of where it runs: three dictionaries, the run, and its services.
 *
 * A node gets its own view as an argument. One made with `new` and given to a run is a template: each run makes
 * its own root context from it, and what the run wrote is read from the result's `context`.
 *
 * Printed or serialised, a context shows its ids only.
 *
 * @example
 * {@includeCode ../../examples/api/pipeline-context.ts}
 */
export class PipelineContext {
  static {
    // A bundler renames a class that names itself.
    Object.defineProperty(this, 'name', { value: 'PipelineContext' });
    frameOf = (context) => context.#frame;
    viewOf = (frame, currentNodeId, itemScope) =>
      new PipelineContext(frame, currentNodeId, itemScope, asView);
  }

  readonly #frame: ContextFrame;
  #extras: ViewExtras | undefined;
  /** The node this context was given to; undefined outside a node. */
  readonly currentNodeId: string | undefined;

  /**
   * Makes a template for runs, or a context for {@link withContext}; changes nothing ambient.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` or `CONTEXT_KEY_INVALID` for wrong options.
   */
  constructor(options?: PipelineContextOptions);
  /** @hidden */
  constructor(
    frame: ContextFrame,
    currentNodeId: string | undefined,
    itemScope: CancelScope | undefined,
    mark: typeof asView,
  );
  constructor(
    origin?: PipelineContextOptions | ContextFrame,
    currentNodeId?: string,
    itemScope?: CancelScope,
    mark?: typeof asView,
  ) {
    // Not told by its class: a view is made for every node of every execution, and a proxy may refuse to tell.
    const isView = mark === asView;
    this.#frame = isView ? (origin as ContextFrame) : new TemplateFrame(origin as PipelineContextOptions);
    if (itemScope !== undefined && isView) this.#extras = { itemScope, run: undefined, logger: undefined };
    this.currentNodeId = isView ? currentNodeId : undefined;
  }

  /** Input and configuration. */
  get parameters(): ContextDictionary {
    return this.#frame.dictionary('parameters');
  }

  /** Live services and request state. */
  get items(): ContextDictionary {
    return this.#frame.dictionary('items');
  }

  /** Metadata. */
  get properties(): ContextDictionary {
    return this.#frame.dictionary('properties');
  }

  /**
   * Identifies the run; children share it unless `inheritRunIdentity` is off.
   *
   * A template's own is not that of its runs, unless it was given.
   */
  get runId(): string {
    return this.#frame.identity.get('runId');
  }

  /** The run at the top of the tree of runs; the same as `runId` at the top. */
  get rootRunId(): string {
    return this.#frame.identity.get('rootRunId');
  }

  /** The run that started this one; undefined at the top. A child that shares the run shares this too. */
  get parentRunId(): string | undefined {
    return this.#frame.identity.get('parentRunId');
  }

  /** The id of this execution: a new one for every execution, never inherited. */
  get pipelineId(): string {
    return this.#frame.pipelineId;
  }

  /** The pipeline that is executed; empty for a context that no pipeline runs in. */
  get pipelineName(): string {
    return this.#frame.site.pipelineName;
  }

  /** The address of this execution's pipeline; empty for a context that no pipeline runs in. */
  get path(): string {
    return this.#frame.path;
  }

  /** The composite that started this execution; undefined at a root. */
  get parent(): ParentLinkage | undefined {
    return this.#frame.parentLinkage;
  }

  /** The run as this execution sees it. */
  get run(): RunContext {
    const frame = this.#frame;
    const { identity, services } = frame;
    const path = PipelineContext.#pathOf(this);
    return (PipelineContext.#extrasOf(this).run ??= new RunContext(
      {
        identity,
        scope: PipelineContext.#scopeOf(this),
        services: services.run,
        logger: this.logger,
        openClock: () => new ExecutionClock(frame, path),
      },
      path,
    ));
  }

  /** Aborts when the run, or the nearest enclosing part of it with a limit of its own, has ended. */
  get signal(): AbortSignal {
    return PipelineContext.#scopeOf(this).signal;
  }

  /** Gets the events of this execution, the runner's observer included; a child may not inherit it. */
  get executionObserver(): ExecutionObserver | undefined {
    return this.#frame.services.executionObserver;
  }

  /** Gets the lineage of this execution's items; where undefined, nobody follows them. */
  get lineageSink(): LineageSink | undefined {
    return this.#frame.services.lineageSink;
  }

  /** Gets the items that failed for good; where undefined, a policy's `deadLetter` fails them. */
  get deadLetterSink(): DeadLetterSink | undefined {
    return this.#frame.services.deadLetterSink;
  }

  /** Completes each envelope before the sink gets it; inherited together with the sink. */
  get deadLetterDecorator(): DeadLetterDecorator | undefined {
    return this.#frame.services.deadLetterDecorator;
  }

  /**
   * Where log lines go: with the run's id, its tenant and the path added, and without values of secrets.
   *
   * Every child has its parent's. Default: lines are dropped.
   */
  get logger(): Logger {
    const { identity, services } = this.#frame;
    return (PipelineContext.#extrasOf(this).logger ??= boundLogger(
      services.logger,
      identity,
      PipelineContext.#pathOf(this),
      services.run.redactor,
    ));
  }

  /** Cancels the nearest enclosing scope; the whole run with `context.run.cancel`. Never throws. */
  cancel(reason: CancelReason = { kind: 'user' }): void {
    this.#frame.scope.nearest.cancel(reason, PipelineContext.#pathOf(this));
  }

  /**
   * Calls something when this execution ends, in reverse order of registration, whatever its ending.
   *
   * With `withOutcome: true` a function is told how: after a success it can commit, else take back. Where a disposer
   * before it has failed, an execution that had succeeded counts as failed.
   *
   * After the end, and on a captured context, which has no end, the disposer is called at once, and the call throws.
   * What the disposer throws then is logged. A captured context tells `cancelled`.
   *
   * @throws {@link PipelineError} `CONTEXT_DISPOSED` after the end, `OPTION_INVALID` for what cannot be called.
   */
  onDispose(disposer: Disposer, options?: { readonly withOutcome?: false | undefined }): void;
  onDispose(disposer: OutcomeDisposer, options: { readonly withOutcome: true }): void;
  onDispose(
    disposer: Disposer | OutcomeDisposer,
    options?: { readonly withOutcome?: boolean | undefined },
  ): void {
    checkOptions('onDispose', options, { withOutcome: rule.boolean }, this.path);
    this.#frame.addDisposer(disposer, undefined, options?.withOutcome);
  }

  /** Tells where a value came from, the nearest hop last; for an absent key, what withheld it. */
  explain(key: Key, dictionary?: DictionaryKind): ContextProvenance {
    if (dictionary !== undefined && !dictionaryKinds.includes(dictionary)) {
      throw invalidOption(
        'explain',
        `'${dictionary}' is no dictionary (known: ${dictionaryKinds.join(', ')})`,
        this.path,
      );
    }
    const name = keyName(key);
    const traced = (dictionary === undefined ? dictionaryKinds : [dictionary]).map((kind) =>
      explain(this.#frame.traced, kind, name),
    );
    const held = traced.find(({ dictionary: kind }) => this.#frame.entry(kind, name) !== undefined);
    if (held !== undefined) return held;
    const absent =
      traced.find(({ hops }) => hops.length > 0) ??
      explain(this.#frame.traced, dictionary ?? 'parameters', name);
    if (typeof key === 'string' || !key.hasDefault) return absent;
    return { dictionary: absent.dictionary, hops: [...absent.hops, { path: this.path, action: 'default' }] };
  }

  /** The ids only: what is in the dictionaries may be secret. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(printedIds.map((id) => [id, this[id]]));
  }

  /** @internal */
  [inspect.custom](): string {
    return `PipelineContext ${inspect(this.toJSON())}`;
  }

  // Static, as a private method would cost every instance a mark.
  static #pathOf({ path, currentNodeId }: PipelineContext): string {
    return currentNodeId === undefined ? path : `${path}/${currentNodeId}`;
  }

  static #extrasOf(context: PipelineContext): ViewExtras {
    return (context.#extras ??= { itemScope: undefined, run: undefined, logger: undefined });
  }

  static #scopeOf(context: PipelineContext): CancelScope {
    return context.#extras?.itemScope ?? context.#frame.scope;
  }
}
