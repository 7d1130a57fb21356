import type { CompositeBlueprint } from '../builder/blueprint.js';
import { requireKeys } from '../composition/requirements.js';
import { checkChildValues } from '../context/child-context-options.js';
import type { ChildValues } from '../context/child-inheritance.js';
import { childFrame } from '../context/context-frame.js';
import type { ChildSite, ContextFrame } from '../context/context-frame.js';
import { dictionaryKinds } from '../context/dictionary-kind.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { CancelScope } from '../run/cancel-scope.js';
import type { ChildPlans } from './child-plans.js';
import { nodeFailed } from './engine-errors.js';
import type { Execution } from './execution.js';
import type { Plan } from './plan.js';
import { isThenable } from './work.js';

/** A child that could not be started. */
export class ChildFailure {
  constructor(
    readonly error: PipelineError,
    /** Whether no policy may handle it. */
    readonly isFatal: boolean,
  ) {}
}

/** A child's context and the plan that fits it. */
export interface PreparedChild {
  readonly frame: ContextFrame;
  readonly plan: Plan;
}

/** Makes the contexts of one composite's children, and chooses their plans. */
export class ChildStarter {
  constructor(
    private readonly composite: CompositeBlueprint,
    private readonly site: ChildSite,
    private readonly plans: ChildPlans,
  ) {}

  /** @param view the parent's context as the composite sees it. */
  prepare(
    execution: Execution,
    view: PipelineContext,
    item: unknown,
    scope: CancelScope,
  ): PreparedChild | ChildFailure {
    const { requires, inheritance, valuesOf } = this.composite;
    const frame = childFrame(execution.frame, this.site, scope);
    if (inheritance.localValues !== undefined) setAll(frame, inheritance.localValues);
    if (valuesOf !== undefined) {
      const refused = this.#setItemValues(frame, valuesOf, item, view);
      if (refused !== undefined) return failedStart(frame, refused, false);
    }
    try {
      if (requires.length > 0) requireKeys(requires, frame, this.site.path);
      const plan = this.plans.select(frame);
      if (plan.isConcurrent) frame.isolateScope();
      return { frame, plan };
    } catch (thrown) {
      const error = thrown instanceof PipelineError ? thrown : nodeFailed(this.site.path, thrown);
      return failedStart(frame, error, true);
    }
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
