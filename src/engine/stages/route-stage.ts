import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import { unmatched } from '../../junctions/route.js';
import type { Route } from '../../junctions/route.js';
import type { ErrorPolicy } from '../../resilience/error-policy.js';
import { asNode } from '../execution/active-scopes.js';
import type { Execution } from '../execution/execution.js';
import { nothingAfter } from '../execution/pending.js';
import type { StageSite } from '../execution/stage-site.js';
import { after } from '../execution/work.js';
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
      const outputs = asNode(execution, this.site.path, chosenBy, route, item, this.view(execution));
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
    const ways: Stage[] = [];
    for (const output of outputs) {
      const way = this.ways[output];
      if (way?.isClosed(execution) === false) ways.push(way);
    }
    const counter = this.counter(execution);
    if (ways.length === 0) {
      counter.filtered += 1;
      return this.#drop(execution, trace, attempt, 'dropped');
    }
    counter.out += 1;
    counter.emitted += 1;
    if (trace === undefined) return pushInto(ways, execution, item, nobody);
    return after(trace.pass(this.site, execution.frame, 1, attempt, item), () =>
      pushInto(ways, execution, item, (index) => (index === ways.length - 1 ? trace : trace.fork())),
    );
  }

  #drop(
    execution: Execution,
    trace: ItemTrace | undefined,
    attempt: number,
    outcome: 'dropped' | 'filtered',
  ): Work {
    return after(trace?.pass(this.site, execution.frame, 0, attempt), () =>
      endTrace(execution, this, trace, outcome, attempt),
    );
  }

  #leaveOut(execution: Execution, trace: ItemTrace | undefined, attempt: number): unknown {
    this.counter(execution).filtered += 1;
    return nothingAfter(this.#drop(execution, trace, attempt, 'filtered'));
  }
}

// Functions of their own, so that none is made per item.
function chosenBy(route: Route, item: unknown, view: PipelineContext): readonly number[] {
  return route.outputsFor(item, view);
}

const nobody = (): undefined => undefined;

/** Pushes an item into several ways at once. */
function pushInto(
  ways: readonly Stage[],
  execution: Execution,
  item: unknown,
  branchOf: (index: number) => ItemTrace | undefined,
): Work {
  const [only] = ways;
  if (ways.length === 1 && only !== undefined) return only.push(execution, item, branchOf(0));
  return allEnded(ways.map((way, index) => way.push(execution, item, branchOf(index))));
}
