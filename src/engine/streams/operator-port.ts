import type { ItemRefusal } from '../../errors/item-refusal.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import { ItemTrace, UNKNOWN_OUTPUT } from '../../lineage/item-trace.js';
import type { RunLineage } from '../../lineage/run-lineage.js';
import { MOST_ORIGINS } from '../../nodes/flow-operator.js';
import type { MadeOf, OperatorPort, Origin } from '../../nodes/flow-operator.js';
import { alarmAt } from '../../run/ending/alarm.js';
import { asNode, enterExecution } from '../execution/active-scopes.js';
import type { Execution } from '../execution/execution.js';
import type { NodeCounter } from '../execution/node-counter.js';
import { allEnded } from '../stages/fan-out-stage.js';
import { endTrace } from '../stages/item-end.js';
import { pause } from '../stages/pause.js';
import type { NodeStage } from '../stages/stage.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

/** Ends an item by an error that no policy decides about. */
export type RefuseItem = (
  execution: Execution,
  item: unknown,
  trace: ItemTrace | undefined,
  error: PipelineError,
  ending: 'fail' | 'deadLetter',
) => Work;

/** How an item ends that the operator has taken. */
type ItemEnding = 'aggregated' | 'joined' | 'filtered';

/** How an operator's stage ends what goes wrong beside the tries of an item. */
export interface PortFailures {
  /** Ends an item by an error that no policy decides about. */
  readonly refuse: RefuseItem;
  /** Fails the node as a whole. */
  readonly failWhole: (execution: Execution, thrown: unknown) => void;
}

/** How an operator's stream has ended, which decides what becomes of the items that it still holds. */
export type PortEnd = 'left' | 'halted';

/** What an operator sends in one execution, and what has become of each item that it took. */
export class StagePort implements OperatorPort {
  /** Items that were taken and have not ended. */
  #held = 0;
  /** Traces of these items, as far as they are followed. */
  readonly #traces = new Set<ItemTrace>();
  /** The work of the stages behind on what was sent last; it settles after all that was sent before. */
  #sent: Work;
  readonly #timers = new Set<() => void>();
  readonly #counter: NodeCounter;

  constructor(
    private readonly stage: NodeStage,
    private readonly execution: Execution,
    readonly mayUndo: boolean,
    readonly sharesOrigin: boolean,
    private readonly failures: PortFailures,
  ) {
    this.#counter = stage.counter(execution);
  }

  get isClosed(): boolean {
    const { stage, execution } = this;
    return execution.isHalted || stage.next.isClosed(execution);
  }

  now(): number {
    return this.execution.scope.clock.now();
  }

  callAt(atMs: number, callback: () => void): () => void {
    const { execution, stage } = this;
    const callOff = (): void => {
      if (this.#timers.delete(callOff)) stop();
    };
    const stop = alarmAt(execution.scope.clock, atMs, () => {
      this.#timers.delete(callOff);
      if (execution.isHalted) return;
      try {
        asNode(execution, stage.site.path, callback);
      } catch (thrown) {
        execution.timerThrew(thrown, stage.site.path);
      }
    });
    this.#timers.add(callOff);
    return callOff;
  }

  waitUntil(atMs: number): Promise<void> {
    return pause(this.execution, atMs - this.now());
  }

  fail(thrown: unknown): void {
    this.failures.failWhole(this.execution, thrown);
  }

  /** Counts an item that arrives and that nobody follows, and notes that the operator takes it. */
  takeIn(): void {
    this.#counter.in += 1;
    this.#held += 1;
  }

  /** Notes an item that the operator takes. */
  take(trace: ItemTrace | undefined): void {
    this.#held += 1;
    if (trace === undefined) return;
    this.#traces.add(trace);
    if (this.#traces.size <= 2 * MOST_ORIGINS) return;
    let left = MOST_ORIGINS;
    for (const eldest of this.#traces) {
      if ((left -= 1) < 0) break;
      this.#traces.delete(eldest);
      void this.#end(eldest, 'aggregated');
    }
  }

  /** Notes that the operator has failed to take an item: who asked it to decides what becomes of the item. */
  giveBack(trace: ItemTrace | undefined): void {
    this.#held -= 1;
    if (trace !== undefined) this.#traces.delete(trace);
  }

  pass(item: unknown, origin: Origin): Work {
    if (this.execution.isHalted) return undefined;
    this.#held -= 1;
    this.#counter.out += 1;
    this.#counter.emitted += 1;
    const trace = this.#let(origin);
    return trace === undefined
      ? this.#send(item, undefined)
      : after(this.#pass(trace, 1, item), () => this.#send(item, trace));
  }

  filter(origins: readonly Origin[], items = 1): Work {
    if (this.execution.isHalted) return undefined;
    this.#held -= items;
    this.#counter.filtered += items;
    return this.#endAll(origins, 'filtered');
  }

  give(output: unknown, origin: Origin): Work {
    if (this.execution.isHalted) return undefined;
    this.#counter.emitted += 1;
    const branch = traceBehind(origin)?.fork(output);
    return branch === undefined
      ? this.#send(output, undefined)
      : after(this.#pass(branch, 1, output), () => this.#send(output, branch));
  }

  spread(origin: Origin, outputs: number): Work {
    if (this.execution.isHalted) return undefined;
    const { stage, execution } = this;
    this.#held -= 1;
    if (outputs === 0) this.#counter.filtered += 1;
    else this.#counter.out += 1;
    const trace = this.#let(origin);
    if (trace === undefined) return undefined;
    if (outputs > 0) return trace.leave();
    return after(this.#pass(trace, 0), () => endTrace(execution, stage, trace, 'filtered'));
  }

  make(output: unknown, made: MadeOf): Work {
    const { execution } = this;
    if (execution.isHalted) return undefined;
    this.#held -= made.items;
    this.#counter.out += made.items;
    this.#counter.emitted += 1;
    const { lineage } = execution;
    if (lineage === undefined) return this.#send(output, undefined);
    const { trace, inputs } = this.#follow(lineage, output, made);
    const told = trace && this.#pass(trace, 1, output, inputs);
    const ended = this.#endAll(made.origins, made.ending ?? 'aggregated');
    return after(allEnded([told, ended]), () => this.#send(output, trace));
  }

  settle({ items, origins }: MadeOf): Work {
    if (this.execution.isHalted) return undefined;
    this.#held -= items;
    this.#counter.out += items;
    return this.#endAll(origins, 'aggregated');
  }

  refuse(item: unknown, origin: Origin, refusal: ItemRefusal, ending: 'fail' | 'deadLetter'): Work {
    if (this.execution.isHalted) return undefined;
    this.#held -= 1;
    const error = refusal.at(this.stage.site.path);
    return this.failures.refuse(this.execution, item, this.#let(origin), error, ending);
  }

  /** What the stages behind still work on. */
  get sent(): Work {
    return this.#sent;
  }

  /** Ends what the operator still holds, and its timers. */
  close(how: PortEnd): Work {
    for (const callOff of [...this.#timers]) callOff();
    const held = this.#held;
    this.#held = 0;
    const traces = [...this.#traces];
    this.#traces.clear();
    if (how === 'halted') this.stage.cancelled(this.execution, held);
    else this.#counter.filtered += held;
    return allEnded(traces.map((trace) => endTrace(this.execution, this.stage, trace, 'dropped')));
  }

  #send(item: unknown, trace: ItemTrace | undefined): Work {
    const { execution, stage } = this;
    // What follows is no code of this node.
    const sent = execution.run.hasScopes
      ? enterExecution(execution, () => stage.next.push(execution, item, trace))
      : stage.next.push(execution, item, trace);
    if (sent !== undefined) {
      this.#sent = sent;
      void sent.then(() => {
        if (this.#sent === sent) this.#sent = undefined;
      });
    }
    return sent;
  }

  /** Follows something made: in a child for one item as a branch of that item, else as an item that names its inputs. */
  #follow(
    lineage: RunLineage,
    output: unknown,
    { origins, items, from }: MadeOf,
  ): { readonly trace: ItemTrace | undefined; readonly inputs: number } {
    const all = (from?.origins ?? origins).filter((origin) => origin !== undefined);
    const { itemChild } = this.execution;
    const last = traceBehind(all.at(-1));
    const inner = last?.isInner === true ? last : itemChild?.link?.followed;
    if (itemChild !== undefined || inner !== undefined) return { trace: inner?.fork(output), inputs: 1 };
    const ids = Object.freeze(all.slice(-MOST_ORIGINS).map(({ correlationId }) => correlationId));
    const count = from?.items ?? items;
    return { trace: lineage.followMade(output, { ids, count }), inputs: count };
  }

  #pass(trace: ItemTrace, outputs: number, output: unknown = UNKNOWN_OUTPUT, inputs = 1): Work {
    return trace.pass(this.stage.site, this.execution.frame, outputs, 1, output, inputs);
  }

  /** The trace of an item that ends here. */
  #let(origin: Origin): ItemTrace | undefined {
    const trace = traceBehind(origin);
    if (trace !== undefined) this.#traces.delete(trace);
    return trace;
  }

  #endAll(origins: readonly Origin[], outcome: ItemEnding): Work {
    const works = origins.map((origin) => this.#end(this.#let(origin), outcome));
    return allEnded(works);
  }

  #end(trace: ItemTrace | undefined, outcome: ItemEnding): Work {
    if (trace === undefined) return undefined;
    const told = this.#pass(trace, outcome === 'filtered' ? 0 : 1);
    // In a child what is made continues the trace of the composite's item, so it does not end here.
    return after(told, () =>
      trace.isInner && outcome !== 'filtered'
        ? trace.leave()
        : endTrace(this.execution, this.stage, trace, outcome),
    );
  }
}

/** Origins are what the engine has handed out: traces. */
function traceBehind(origin: Origin): ItemTrace | undefined {
  return origin instanceof ItemTrace ? origin : undefined;
}
