import { disposalFailed } from '../../context/disposers.js';
import { isThenable, toPromise, whenSettled } from '../../data/foreign-value.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { FlowOperator, OperatorCore } from '../../nodes/flow-operator.js';
import type { ErrorPolicy } from '../../resilience/error-policy.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
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
}

/** Where an operator's stage stands in its plan. */
export interface OperatorPlace {
  /** Where an execution keeps the opened operator. */
  readonly slot: number;
  /** True if the pipeline, or one around it, tolerates lost items. */
  readonly isTolerated: boolean;
}

/** Passes items to an operator that gives none, one or many for each, or keeps some. */
export class OperatorStage extends WorkStage {
  readonly #slot: number;
  readonly #mayUndo: boolean;

  constructor(
    site: StageSite,
    policy: ErrorPolicy<unknown> | undefined,
    private readonly operator: FlowOperator<unknown, unknown, unknown>,
    { slot, isTolerated }: OperatorPlace,
  ) {
    super(site, policy);
    this.#slot = slot;
    this.#mayUndo = isTolerated || policy?.canRecover === true;
  }

  override end(execution: Execution): Work {
    const known = execution.states[this.#slot] as OpenedOperator | undefined;
    if (known === undefined && execution.isHalted) return this.next.end(execution);
    const { port, core } = known ?? this.#open(execution);
    const isLeft = !execution.isHalted && this.next.isClosed(execution);
    const ended = isLeft || execution.isHalted ? undefined : this.#endCore(execution, core);
    return after(ended, () =>
      after(port.sent, () =>
        after(this.#close(execution, { port, core }), () => {
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
    const known = execution.states[this.#slot] as OpenedOperator | undefined;
    return known?.core?.isClosed?.() === true || super.isClosed(execution);
  }

  protected override attempt(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    const { port, core } =
      (execution.states[this.#slot] as OpenedOperator | undefined) ?? this.#open(execution);
    // The execution has failed.
    if (core === undefined) return nothingAfter(dropItem(execution, this, trace));
    port.take(trace);
    const threw = (thrown: unknown): unknown => {
      port.giveBack(trace);
      const error = this.failureOf(execution, thrown, attempt);
      return this.failed(execution, { error, item, trace, attempt });
    };
    let given: unknown;
    try {
      given = core.push(item, trace);
    } catch (thrown) {
      return threw(thrown);
    }
    if (!isThenable(given)) return NOTHING;
    const pending = new Pending();
    pending.work = whenSettled(
      given,
      () => undefined,
      (thrown) => pending.settle(threw(thrown)),
    );
    return pending;
  }

  #open(execution: Execution): OpenedOperator {
    const port = new StagePort(this, execution, this.#mayUndo, this.#failures);
    const opened: OpenedOperator = { port, core: undefined };
    execution.states[this.#slot] = opened;
    try {
      opened.core = this.operator.begin(port, this.view(execution));
    } catch (thrown) {
      this.#failWhole(execution, thrown);
    }
    return opened;
  }

  #endCore(execution: Execution, core: OperatorCore | undefined): Work {
    try {
      const ended = core?.end();
      if (!isThenable(ended)) return undefined;
      const wait = execution.run.waitAt(this.site.path);
      return toPromise(ended).then(
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

  #close(execution: Execution, { port, core }: OpenedOperator): Work {
    const closed = port.close(execution.isHalted ? 'halted' : 'left');
    const failed = (error: unknown): void => {
      const failure = disposalFailed([{ path: this.site.path, error }]);
      if (failure !== undefined) execution.failClosing(failure, this.site);
    };
    try {
      const given = core?.close?.();
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
