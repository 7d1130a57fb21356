import type { ItemTrace } from '../../lineage/item-trace.js';
import { unmatched } from '../../junctions/route.js';
import type { Route } from '../../junctions/route.js';
import type { ErrorPolicy } from '../../resilience/error-policy.js';
import type { Execution } from '../execution/execution.js';
import { nothingAfter } from '../execution/pending.js';
import type { StageSite } from '../execution/stage-site.js';
import type { Work } from '../execution/work.js';
import { allEnded } from './fan-out-stage.js';
import { endTrace } from './item-end.js';
import type { Stage } from './stage.js';
import { WorkStage } from './work-stage.js';

/** Sends each item by those of its outputs whose conditions hold. */
export class RouteStage extends WorkStage {
  /** What follows each output; `next` stands for all of them. */
  ways: readonly Stage[] = [];

  constructor(
    site: StageSite,
    policy: ErrorPolicy<unknown> | undefined,
    private readonly route: Route,
  ) {
    super(site, policy);
  }

  /** The names of the outputs, in the order of {@link ways}. */
  get outputs(): readonly string[] {
    return this.route.outputs;
  }

  override get relay(): undefined {
    return undefined;
  }

  protected override attempt(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
  ): unknown {
    const { route } = this;
    try {
      const outputs = route.outputsFor(item, this.view(execution));
      if (outputs.length > 0) return nothingAfter(this.#send(execution, item, trace, attempt, outputs));
      if (route.otherwise === 'drop') return this.#leaveOut(execution, trace, attempt);
      throw unmatched(route.outputs);
    } catch (thrown) {
      const error = this.failureOf(execution, thrown, attempt);
      const failed = { error, item, trace, attempt };
      return error.code === 'ROUTE_UNMATCHED' && route.otherwise === 'deadLetter'
        ? this.conclude(execution, failed, { action: 'deadLetter' })
        : this.failed(execution, failed);
    }
  }

  #send(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    attempt: number,
    outputs: readonly number[],
  ): Work {
    const ways = outputs
      .map((output) => this.ways[output])
      .filter((way) => way !== undefined && !way.isClosed(execution));
    const counter = this.counter(execution);
    if (ways.length === 0) {
      counter.filtered += 1;
      trace?.pass(this.place(execution), 0, attempt);
      return endTrace(execution, this, trace, 'dropped', attempt);
    }
    counter.out += 1;
    counter.emitted += 1;
    trace?.pass(this.place(execution), 1, attempt);
    trace?.split(ways.length - 1);
    const [only] = ways;
    if (ways.length === 1 && only !== undefined) return only.push(execution, item, trace);
    return allEnded(ways.map((way) => way?.push(execution, item, trace)));
  }

  #leaveOut(execution: Execution, trace: ItemTrace | undefined, attempt: number): unknown {
    this.counter(execution).filtered += 1;
    trace?.pass(this.place(execution), 0, attempt);
    return nothingAfter(endTrace(execution, this, trace, 'filtered', attempt));
  }
}
