import { isThenable } from '../data/foreign-value.js';
import type { CompositeBlueprint } from '../builder/blueprint.js';
import { requireKeys } from '../composition/requirements.js';
import { checkChildValues } from '../context/child-context-options.js';
import type { ChildValues } from '../context/child-inheritance.js';
import { childFrame } from '../context/context-frame.js';
import type { ChildSite, ContextFrame } from '../context/context-frame.js';
import { dictionaryKinds } from '../context/dictionary-kind.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import type { CancelScope } from '../run/cancel-scope.js';
import { ChildExecution, ItemLink } from './child-execution.js';
import type { ChildPlans } from './child-plans.js';
import { nodeFailed } from './engine-errors.js';
import type { EmissionTurn, Execution, OutputReceiver } from './execution.js';
import type { Plan } from './plan.js';
import type { NodeStage } from './stage.js';

/** A child that could not be started. */
export class ChildFailure {
  constructor(
    readonly error: PipelineError,
    /** Whether no policy may handle it. */
    readonly isFatal: boolean,
  ) {}
}

/** Makes the executions of one composite's children: their contexts, and the plans that fit them. */
export class ChildStarter {
  /** Whether any value is set in the child itself. */
  readonly #hasValues: boolean;

  constructor(
    private readonly composite: CompositeBlueprint,
    private readonly site: ChildSite,
    private readonly plans: ChildPlans,
  ) {
    this.#hasValues = composite.inheritance.localValues !== undefined || composite.valuesOf !== undefined;
  }

  /**
   * Makes the execution of one child.
   *
   * @param stage the composite, which gets the outputs and whose view of the parent's context a function of the item gets.
   */
  start(
    parent: Execution,
    stage: NodeStage & OutputReceiver,
    item: unknown,
    scope: CancelScope,
    trace?: ItemTrace,
    turn?: EmissionTurn,
  ): ChildExecution | ChildFailure {
    const frame = childFrame(parent.frame, this.site, scope);
    if (this.#hasValues) {
      const refused = this.#setValues(frame, item, stage, parent);
      if (refused !== undefined) return failedStart(frame, refused, false);
    }
    let plan: Plan;
    try {
      const { requires } = this.composite;
      if (requires.length > 0) requireKeys(requires, frame, this.site.path);
      plan = this.plans.select(frame);
    } catch (thrown) {
      const error = thrown instanceof PipelineError ? thrown : nodeFailed(this.site.path, thrown);
      return failedStart(frame, error, true);
    }
    if (plan.isConcurrent) frame.isolateScope();
    const link = trace === undefined && turn === undefined ? undefined : new ItemLink(trace, turn, frame);
    return new ChildExecution(plan, parent, frame, stage, link);
  }

  /** Sets the explicit values that are the child's alone. */
  #setValues(
    frame: ContextFrame,
    item: unknown,
    stage: NodeStage,
    parent: Execution,
  ): PipelineError | undefined {
    const { inheritance, valuesOf } = this.composite;
    if (inheritance.localValues !== undefined) setAll(frame, inheritance.localValues);
    return valuesOf === undefined
      ? undefined
      : this.#setItemValues(frame, valuesOf, item, stage.view(parent));
  }

  #setItemValues(
    frame: ContextFrame,
    valuesOf: NonNullable<CompositeBlueprint['valuesOf']>,
    item: unknown,
    view: PipelineContext,
  ): PipelineError | undefined {
    const { path } = this.site;
    let values: ChildValues | undefined;
    try {
      values = valuesOf(item, view);
      // Refused below; what it rejects with is answered by that.
      if (isThenable(values)) Promise.resolve(values).catch(() => undefined);
    } catch (thrown) {
      return nodeFailed(path, thrown, "failed in its 'with'");
    }
    try {
      checkChildValues(values, path);
      if (values !== undefined) setAll(frame, values);
      return undefined;
    } catch (thrown) {
      return thrown instanceof PipelineError ? thrown : nodeFailed(path, thrown);
    }
  }
}

/** The child's scope, if it has one, ends here: no execution will close it. */
function failedStart(frame: ContextFrame, error: PipelineError, isFatal: boolean): ChildFailure {
  frame.closeScope();
  return new ChildFailure(error, isFatal);
}

function setAll(frame: ContextFrame, values: ChildValues): void {
  for (const kind of dictionaryKinds) {
    if (values[kind] !== undefined) frame.dictionary(kind).setAll(values[kind]);
  }
}
