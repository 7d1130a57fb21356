import { isInstanceOf } from '../../data/foreign-value.js';
import type { CompositeBlueprint } from '../../builder/blueprint.js';
import { checkChildValues } from '../../context/child-context-options.js';
import type { ChildValues } from '../../context/child-inheritance.js';
import { setEntries } from '../../context/context-dictionary.js';
import { childFrame } from '../../context/context-frame.js';
import type { ContextFrame } from '../../context/context-frame.js';
import { dictionaryKinds, perDictionary } from '../../context/dictionary-kind.js';
import { entriesOf } from '../../context/entries-source.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { CancelScope } from '../../run/ending/cancel-scope.js';
import { answerAtOnce } from './answer-at-once.js';
import type { ChildExecution, ChildPlan } from '../plan/plan.js';
import type { ChildPlans } from '../plan/child-plans.js';
import { asNode } from '../execution/active-scopes.js';
import { nodeFailed } from '../execution/engine-errors.js';
import { Execution } from '../execution/execution.js';
import type { EmissionTurn, OutputReceiver } from '../execution/execution.js';
import { ItemLink } from '../execution/item-link.js';
import { ItemMapping } from './item-mapping.js';
import type { NodeStage } from '../stages/stage.js';

/** A child that could not be started. */
export class ChildFailure {
  constructor(
    readonly error: PipelineError,
    /** True if no error policy may handle the error. */
    readonly isFatal: boolean,
  ) {}
}

/** Creates the executions of one composite's children, each with its context and plan. */
export class ChildStarter {
  /** True if the composite sets values in the child's context, through `with`. */
  readonly #hasValues: boolean;
  /** True if children need values from `with`, a mapped item, or the check of a schema. */
  readonly #isSpecial: boolean;
  /** The functions `input` and `combine`; undefined if the composite has neither. */
  readonly mapping: ItemMapping | undefined;

  constructor(
    private readonly composite: CompositeBlueprint,
    private readonly plans: ChildPlans,
  ) {
    this.#hasValues = composite.inheritance.localValues !== undefined || composite.valuesOf !== undefined;
    this.mapping = ItemMapping.of(plans.site.path, composite);
    this.#isSpecial = this.#hasValues || this.mapping !== undefined || composite.requiredSchemas.length > 0;
  }

  /**
   * Creates the execution of a child with a fixed plan and no `with`, `input`, `combine` or schemas.
   *
   * @returns undefined for any other child, and if a required key is missing; {@link start} handles these.
   */
  startPlain(parent: Execution, receiver: OutputReceiver, scope: CancelScope): ChildExecution | undefined {
    const { settled } = this.plans;
    if (settled === undefined || this.#isSpecial || settled.plan.isConcurrent) return undefined;
    const { plan, site, requires } = settled;
    const frame = childFrame(parent.frame, site, scope);
    if (requires.length > 0 && !frame.holdsAll(requires)) return undefined;
    return new Execution(parent.run, frame, receiver, plan, parent) as ChildExecution;
  }

  /**
   * Creates the execution of any child.
   *
   * @param stage the composite. It receives the outputs, and passes its view of the parent's context to `with` and `input`.
   */
  start(
    parent: Execution,
    stage: NodeStage & OutputReceiver,
    item: unknown,
    scope: CancelScope,
    trace?: ItemTrace,
    turn?: EmissionTurn,
  ): ChildExecution | ChildFailure {
    return asNode(parent, stage.site.path, () => this.#start(parent, stage, item, scope, trace, turn));
  }

  #start(
    parent: Execution,
    stage: NodeStage & OutputReceiver,
    item: unknown,
    scope: CancelScope,
    trace: ItemTrace | undefined,
    turn: EmissionTurn | undefined,
  ): ChildExecution | ChildFailure {
    const { settled } = this.plans;
    const from = parent.frame.layers();
    let frame = childFrame(parent.frame, (settled ?? this.plans).site, scope, from);
    let values: ChildValues | undefined;
    let input = item;
    try {
      if (this.#hasValues) {
        values = this.#valuesOf(item, stage, parent, settled === undefined);
        this.#setValues(frame, values);
      }
      if (this.mapping !== undefined) input = this.mapping.inputOf(item, stage.view(parent));
    } catch (thrown) {
      return this.#failedStart(frame, thrown, false);
    }
    let selected: ChildPlan;
    try {
      selected = settled ?? this.plans.select(frame, from);
      if (settled === undefined && selected.site !== this.plans.site) {
        // The plan was chosen by the keys that `define` may see; the final context also has those that the plan requires.
        frame = childFrame(parent.frame, selected.site, scope, from);
        this.#setValues(frame, values);
      }
      this.plans.requireKeys(selected, frame);
    } catch (thrown) {
      return this.#failedStart(frame, thrown, true);
    }
    const { plan } = selected;
    if (plan.isConcurrent) frame.isolateScope();
    const isLinked = trace !== undefined || turn !== undefined || this.mapping !== undefined;
    const inner = trace?.enter(stage.site, parent.frame, input);
    const isFollowed = frame.services.lineage !== undefined;
    const link = isLinked ? new ItemLink(item, input, trace, inner, isFollowed, turn) : undefined;
    const child = new Execution(parent.run, frame, stage, plan, parent, link);
    if (plan.toleration?.isRatio === true) child.countApart();
    return child as ChildExecution;
  }

  /**
   * Calls the composite's `with` function; undefined if `with` is no function.
   *
   * @param isSetTwice true if the values may be set in two contexts, so that iterables are copied into lists.
   * @throws {@link PipelineError} `NODE_FAILED` when `with` throws, `OPTION_INVALID` or `CONTEXT_KEY_INVALID` when its
   * result is wrong.
   */
  #valuesOf(
    item: unknown,
    stage: NodeStage,
    parent: Execution,
    isSetTwice: boolean,
  ): ChildValues | undefined {
    const { valuesOf } = this.composite;
    if (valuesOf === undefined) return undefined;
    const { path } = this.plans.site;
    const values = answerAtOnce(path, 'with', valuesOf, item, stage.view(parent));
    checkChildValues(values, path);
    return isSetTwice && values !== undefined ? listed(values, path) : values;
  }

  /**
   * Sets the values of `with` in a child's context.
   *
   * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` or `CONTEXT_VALUE_INVALID` when an entry is wrong.
   */
  #setValues(frame: ContextFrame, values: ChildValues | undefined): void {
    const { localValues } = this.composite.inheritance;
    if (localValues !== undefined) setAll(frame, localValues);
    if (values !== undefined) setAll(frame, values);
  }

  /** Makes the failure of a child that could not start; closes the child's scope, as no execution will. */
  #failedStart(frame: ContextFrame, thrown: unknown, isFatal: boolean): ChildFailure {
    frame.closeScope();
    const error = isInstanceOf(thrown, PipelineError) ? thrown : nodeFailed(this.plans.site.path, thrown);
    return new ChildFailure(error, isFatal);
  }
}

function setAll(frame: ContextFrame, values: ChildValues): void {
  for (const kind of dictionaryKinds) {
    if (values[kind] !== undefined) setEntries(frame.dictionary(kind), values[kind]);
  }
}

function listed(values: ChildValues, path: string): ChildValues {
  return perDictionary((kind) => [...entriesOf(values[kind], path)]);
}
