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
    /** Whether no policy may handle it. */
    readonly isFatal: boolean,
  ) {}
}

/** Makes the executions of one composite's children: their contexts, and the plans that fit them. */
export class ChildStarter {
  /** Whether any value is set in the child itself. */
  readonly #hasValues: boolean;
  /** Whether a child takes anything but what its parent and its plan have. */
  readonly #isSpecial: boolean;
  /** What is made of items and outputs; undefined where they pass as they are. */
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
   * Makes the execution of a child that takes all from its parent and its plan: nearly every one.
   *
   * @returns undefined where there is more to be done, or to be refused: {@link start} does that.
   */
  startPlain(parent: Execution, receiver: OutputReceiver, scope: CancelScope): ChildExecution | undefined {
    const { settled } = this.plans;
    if (settled === undefined || this.#isSpecial || settled.plan.isConcurrent) return undefined;
    const { plan, site, requires } = settled;
    const frame = childFrame(parent.frame, site, scope);
    if (requires.length > 0 && !frame.holdsAll(requires)) return undefined;
    return new Execution(parent.run, frame, receiver, plan, plan.states.slice(), parent) as ChildExecution;
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
        // What `define` may see has chosen the plan; now the context gets the keys of the plan.
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
    const link = isLinked ? new ItemLink(item, input, frame, trace, turn) : undefined;
    return new Execution(parent.run, frame, stage, plan, plan.states.slice(), parent, link) as ChildExecution;
  }

  /**
   * Gives what a function of the item sets in the child.
   *
   * @param isSetTwice whether an iterable of entries may be read a second time.
   * @throws {@link PipelineError} `NODE_FAILED` where the `with` of the composite threw, `OPTION_INVALID` or
   * `CONTEXT_KEY_INVALID` for what it gave.
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
   * Sets the explicit values that are the child's alone.
   *
   * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` or `CONTEXT_VALUE_INVALID` for a wrong one.
   */
  #setValues(frame: ContextFrame, values: ChildValues | undefined): void {
    const { localValues } = this.composite.inheritance;
    if (localValues !== undefined) setAll(frame, localValues);
    if (values !== undefined) setAll(frame, values);
  }

  /** The child's scope, if it has one, ends here: no execution will close it. */
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
