import { disposalFailed } from '../../context/disposers.js';
import { isThenable, toPromise, whenSettled } from '../../data/foreign-value.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { FlowOperator, OperatorCore } from '../../nodes/flow-operator.js';
import type { ErrorPolicy } from '../../resilience/error-policy.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import { asNode } from '../execution/active-scopes.js';
import type { Execution } from '../execution/execution.js';
import { NOTHING, nothingAfter, Pending } from '../execution/pending.js';
import type { StageSite } from '../execution/stage-site.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';
import { dropItem } from '../stages/item-end.js';
import { WorkStage } from '../stages/work-stage.js';
import { StagePort } from './operator-port.js';
import type { PortFailures, RefuseItem } from './operator-port.js';

/** An operator at work in one execution. */
interface OpenedOperator {
  readonly port: StagePort;
  /** Undefined if it could not be opened. */
  core: OperatorCore | undefined;
  /** How many of its inputs have ended. */
  ended: number;
  /** Ends the watch over what makes it stop. */
  unwatch: () => void;
}

/** A try of an item. */
interface OperatorTry {
  readonly item: unknown;
  readonly trace: ItemTrace | undefined;
  readonly attempt: number;
}

const nothing = (): void => undefined;

/** Where an operator's stage stands in its plan. */
export interface OperatorPlace {
  /** Where an execution keeps the opened operator. */
  readonly slot: number;
  /** True if the pipeline, or one around it, tolerates lost items. */
  readonly isTolerated: boolean;
  /** True if two of its inputs get items that come from one node before them. */
  readonly sharesOrigin: boolean;
}

/**
 * Passes items to an operator that gives none, one or many for each, or keeps some.
 *
 * An operator with several inputs has one stage for each; all of them work on what was opened once.
 */
export class OperatorStage extends WorkStage {
  /** True if the operator may have enough before the stream ends. */
  readonly endsStream: boolean;
  readonly #place: OperatorPlace;
  readonly #mayUndo: boolean;

  constructor(
    site: StageSite,
    policy: ErrorPolicy<unknown> | undefined,
    private readonly operator: FlowOperator<unknown, unknown, unknown>,
    place: OperatorPlace,
    /** The number of the input that this stage stands at. */
    private readonly input = 0,
  ) {
    super(site, policy);
    this.endsStream = operator.traits.endsStream === true;
    this.#place = place;
    this.#mayUndo = place.isTolerated || policy?.canRecover === true;
  }

  /** The names of the inputs, where there are several. */
  get inputs(): readonly string[] {
    return this.operator.inputs ?? [];
  }

  /** The stage at one of several inputs. */
  at(input: number): OperatorStage {
    const stage = new OperatorStage(this.site, this.policy, this.operator, this.#place, input);
    stage.fallbacks = this.fallbacks;
    return stage;
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const known = execution.states[this.#place.slot] as OpenedOperator | undefined;
    if (
      trace !== undefined ||
      known?.core === undefined ||
      execution.isHalted ||
      execution.scopes !== undefined
    )
      return super.push(execution, item, trace);
    // The usual case, which `process` and `attempt` do the same for all others: the operator takes the item at once.
    const { port, core } = known;
    port.takeIn();
    let given: unknown;
    try {
      given = core.push(item, undefined, this.input);
    } catch (thrown) {
      return this.settle(
        execution,
        this.#threw(execution, known, { item, trace, attempt: 1 }, thrown),
        trace,
      );
    }
    return given === undefined
      ? undefined
      : this.settle(execution, this.#given(execution, known, { item, trace, attempt: 1 }, given), trace);
  }

  override end(execution: Execution): Work {
    const known = execution.states[this.#place.slot] as OpenedOperator | undefined;
    const opened = known ?? this.#open(execution);
    opened.ended += 1;
    const told = this.#call(execution, () => opened.core?.endInput?.(this.input));
    if (opened.ended < this.inputs.length) return told;
    const ended = after(told, () => this.#endCore(execution, opened));
    return after(ended, () =>
      after(opened.port.sent, () =>
        after(this.#close(execution, opened), () => {
          this.completed(execution);
          return this.next.end(execution);
        }),
      ),
    );
  }

  override get relay(): undefined {
    return undefined;
  }

  override isClosed(execution: Execution): boolean {
    const known = execution.states[this.#place.slot] as OpenedOperator | undefined;
    return known?.core?.isClosed?.() === true || super.isClosed(execution);
  }

  protected override attempt(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    const opened =
      (execution.states[this.#place.slot] as OpenedOperator | undefined) ?? this.#open(execution);
    const { port, core } = opened;
    // The execution has failed.
    if (core === undefined) return nothingAfter(dropItem(execution, this, trace));
    port.take(trace);
    let given: unknown;
    try {
      given = asNode(execution, this.site.path, pushInto, core, item, trace, this.input);
    } catch (thrown) {
      return this.#threw(execution, opened, { item, trace, attempt }, thrown);
    }
    return this.#given(execution, opened, { item, trace, attempt }, given);
  }

  /** What it leads to that the operator has given this for an item. */
  #given(execution: Execution, opened: OpenedOperator, tried: OperatorTry, given: unknown): unknown {
    if (!isThenable(given)) return NOTHING;
    const pending = new Pending();
    pending.work = whenSettled(
      given,
      () => undefined,
      (thrown) => pending.settle(this.#threw(execution, opened, tried, thrown)),
    );
    return pending;
  }

  /** What it leads to that the operator has failed to take an item. */
  #threw(execution: Execution, { port }: OpenedOperator, tried: OperatorTry, thrown: unknown): unknown {
    port.giveBack(tried.trace);
    return this.failed(execution, { ...tried, error: this.failureOf(execution, thrown, tried.attempt) });
  }

  #open(execution: Execution): OpenedOperator {
    const port = new StagePort(this, execution, this.#mayUndo, this.#place.sharesOrigin, this.#failures);
    const opened: OpenedOperator = { port, core: undefined, ended: 0, unwatch: nothing };
    execution.states[this.#place.slot] = opened;
    if (execution.isHalted) return opened;
    try {
      const core = asNode(execution, this.site.path, () => this.operator.begin(port, this.view(execution)));
      opened.core = core;
      if (core.stop !== undefined) opened.unwatch = this.#watch(execution, core);
    } catch (thrown) {
      this.#failWhole(execution, thrown);
    }
    return opened;
  }

  #endCore(execution: Execution, { core }: OpenedOperator): Work {
    return this.next.isClosed(execution) ? undefined : this.#call(execution, () => core?.end());
  }

  /** Tells the operator that items have ended, unless the execution has stopped; what it throws fails the execution. */
  #call(execution: Execution, call: () => unknown): Work {
    if (execution.isHalted) return undefined;
    try {
      const given = asNode(execution, this.site.path, call);
      if (!isThenable(given)) return undefined;
      const wait = execution.run.waitAt(this.site.path);
      return toPromise(given).then(
        () => {
          wait.end();
        },
        (thrown: unknown) => {
          wait.end();
          this.#failWhole(execution, thrown);
        },
      );
    } catch (thrown) {
      this.#failWhole(execution, thrown);
      return undefined;
    }
  }

  /** Has an operator let go of items that wait when nothing more will be sent. */
  #watch(execution: Execution, core: OperatorCore): () => void {
    const stop = (): void => {
      core.stop?.();
    };
    const endings = [
      execution.onStop(stop),
      execution.run.onStreamLeft(() => {
        if (this.next.isClosed(execution)) stop();
      }),
    ];
    return () => {
      for (const end of endings) end();
    };
  }

  #close(execution: Execution, { port, core, unwatch }: OpenedOperator): Work {
    unwatch();
    const closed = port.close(execution.isHalted ? 'halted' : 'left');
    const failed = (error: unknown): void => {
      const failure = disposalFailed([{ path: this.site.path, error }]);
      if (failure !== undefined) execution.failClosing(failure, this.site);
    };
    try {
      const given = asNode(execution, this.site.path, () => core?.close?.());
      if (isThenable(given)) return after(closed, () => toPromise(given).then(() => undefined, failed));
    } catch (thrown) {
      failed(thrown);
    }
    return closed;
  }

  readonly #failWhole = (execution: Execution, thrown: unknown): void => {
    execution.fail(wholeNodeFailed(this.site.path, thrown, 'failed', execution.frame), this.site);
  };

  readonly #refuse: RefuseItem = (execution, item, trace, error, ending) => {
    const failed = { error, item, trace, attempt: 1 };
    const ended = this.conclude(execution, failed, { action: ending });
    return Pending.is(ended) ? ended.work : undefined;
  };

  readonly #failures: PortFailures = { refuse: this.#refuse, failWhole: this.#failWhole };
}

// A function of its own, so that none is made per item.
function pushInto(core: OperatorCore, item: unknown, trace: ItemTrace | undefined, input: number): unknown {
  return core.push(item, trace, input);
}
