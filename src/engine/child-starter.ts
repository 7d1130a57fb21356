import { isThenable } from '../data/foreign-value.js';
import type { CompositeBlueprint } from '../builder/blueprint.js';
import { checkChildValues } from '../context/child-context-options.js';
import type { ChildValues } from '../context/child-inheritance.js';
import { childFrame } from '../context/context-frame.js';
import type { ContextFrame } from '../context/context-frame.js';
import { dictionaryKinds, perDictionary } from '../context/dictionary-kind.js';
import { entriesOf } from '../context/entries-source.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import type { CancelScope } from '../run/cancel-scope.js';
import { ChildExecution, ItemLink } from './child-execution.js';
import type { ChildPlans } from './child-plans.js';
import { nodeFailed } from './engine-errors.js';
import type { EmissionTurn, Execution, OutputReceiver } from './execution.js';
import type { ChildPlan } from './plan.js';
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
    const { settled, site } = this.plans;
    const from = parent.frame.layers();
    let frame = childFrame(parent.frame, (settled ?? this.plans).site, scope, from);
    let values: ChildValues | undefined;
    if (this.#hasValues) {
      const given = this.#valuesOf(item, stage, parent, settled === undefined);
      const refused = given instanceof PipelineError ? given : this.#setValues(frame, given);
      if (refused !== undefined) return failedStart(frame, refused, false);
      values = given as ChildValues | undefined;
    }
    let selected: ChildPlan;
    try {
      selected = settled ?? this.plans.select(frame, from);
      if (settled === undefined && selected.site !== site) {
        // What `define` may see has chosen the plan; now the context gets the keys of the plan.
        frame = childFrame(parent.frame, selected.site, scope, from);
        this.#setValues(frame, values);
      }
      this.plans.requireKeys(selected, frame);
    } catch (thrown) {
      const error = thrown instanceof PipelineError ? thrown : nodeFailed(site.path, thrown);
      return failedStart(frame, error, true);
    }
    const { plan } = selected;
    if (plan.isConcurrent) frame.isolateScope();
    const link = trace === undefined && turn === undefined ? undefined : new ItemLink(trace, turn, frame);
    return new ChildExecution(plan, parent, frame, stage, link);
  }

  /**
   * What a function of the item gives the child, or the error of that function.
   *
   * @param isSetTwice whether an iterable of entries may be read a second time.
   */
  #valuesOf(
    item: unknown,
    stage: NodeStage,
    parent: Execution,
    isSetTwice: boolean,
  ): ChildValues | undefined | PipelineError {
    const { valuesOf } = this.composite;
    if (valuesOf === undefined) return undefined;
    const { path } = this.plans.site;
    let values: ChildValues | undefined;
    try {
      values = valuesOf(item, stage.view(parent));
      // Refused below; what it rejects with is answered by that.
      if (isThenable(values)) Promise.resolve(values).catch(() => undefined);
    } catch (thrown) {
      return nodeFailed(path, thrown, "failed in its 'with'");
    }
    try {
      checkChildValues(values, path);
      return isSetTwice && values !== undefined ? listed(values, path) : values;
    } catch (thrown) {
      return thrown instanceof PipelineError ? thrown : nodeFailed(path, thrown);
    }
  }

  /** Sets the explicit values that are the child's alone; gives the error of a wrong one. */
  #setValues(frame: ContextFrame, values: ChildValues | undefined): PipelineError | undefined {
    const { localValues } = this.composite.inheritance;
    try {
      if (localValues !== undefined) setAll(frame, localValues);
      if (values !== undefined) setAll(frame, values);
      return undefined;
    } catch (thrown) {
      return thrown instanceof PipelineError ? thrown : nodeFailed(this.plans.site.path, thrown);
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

function listed(values: ChildValues, path: string): ChildValues {
  return perDictionary((kind) => [...entriesOf(values[kind], path)]);
}
