import type { PipelineContext } from '../context/pipeline-context.js';
import { isArray, isThenable } from '../data/foreign-value.js';
import { checkArgument, checkOptions, rule } from '../errors/option-rules.js';
import { FlowOperator } from '../nodes/flow-operator.js';
import type { Emission, OperatorCore, OperatorPort, Origin } from '../nodes/flow-operator.js';
import type { StreamOperator } from '../nodes/stream-operator.js';
import { atOnce, misanswered } from '../nodes/callbacks.js';
import { seedOf } from './seed.js';
import type { Seed } from './seed.js';
import { elementsAtOnce, SpreadCore } from './spread.js';

/** Options of {@link statefulMap}. */
export interface StatefulMapOptions<in S, out TOut> {
  /** Gives what leaves at the end of the stream, of the last state. What it throws ends the run. Default: nothing. */
  readonly finish?: ((state: S) => Iterable<TOut>) | undefined;
}

/**
 * Keeps a state from item to item, and gives none, one or many outputs for each.
 *
 * An item without outputs is counted as `filtered`. The state of a try that fails is not kept: the item that is tried
 * again, or the next one, meets the state from before. The outputs of an item are an iterable; a text is one output.
 *
 * @param seed the state before the first item. Plain data is copied and frozen; for a state that changes in place, give
 * a function that makes one.
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/stateful-map.ts}
 */
export function statefulMap<S, T, TOut>(
  step: (
    state: S,
    item: T,
    context: PipelineContext,
  ) => readonly [state: NoInfer<S>, outputs: Iterable<TOut>],
  seed: Seed<S>,
  options?: StatefulMapOptions<NoInfer<S>, TOut>,
): StreamOperator<T, TOut>;
export function statefulMap<S, T, TOut>(
  step: (state: S, item: T, context: PipelineContext) => readonly [state: S, outputs: Iterable<TOut>],
  seed: Seed<NoInfer<S>>,
  options?: StatefulMapOptions<NoInfer<S>, TOut>,
): StreamOperator<T, TOut>;
export function statefulMap<S, T, TOut>(
  ...args: readonly [
    step: (state: S, item: T, context: PipelineContext) => readonly [state: S, outputs: Iterable<TOut>],
    seed: Seed<S>,
    options?: StatefulMapOptions<S, TOut>,
  ]
): StreamOperator<T, TOut> {
  const [step, , options = {}] = args;
  checkArgument('statefulMap', step, rule.callable);
  checkOptions('statefulMap', options, { finish: rule.callable });
  const seed = seedOf<S>('statefulMap', args);
  const { finish } = options;
  return new FlowOperator<T, TOut, unknown>(
    'statefulMap',
    finish === undefined ? {} : { finish: 'at the end' },
    (port, context) =>
      new StatefulCore<S>(port, seed(), (state, item) => step(state, item as T, context), finish),
  );
}

class StatefulCore<S> implements OperatorCore {
  readonly #spread: SpreadCore;
  #state: S;
  #next: S;

  constructor(
    private readonly port: OperatorPort,
    seed: S,
    private readonly step: (state: S, item: unknown) => unknown,
    private readonly finish: ((state: S) => unknown) | undefined,
  ) {
    this.#state = seed;
    this.#next = seed;
    this.#spread = new SpreadCore(port, (item) => this.#outputsOf(item), 'the step of statefulMap', true);
  }

  push(item: unknown, origin: Origin): unknown {
    const spread = this.#spread.push(item, origin);
    if (isThenable(spread)) return Promise.resolve(spread).then(() => this.#keep());
    this.#keep();
    return undefined;
  }

  async end(): Promise<void> {
    if (this.finish === undefined) return;
    const callback = "'finish' of statefulMap";
    const outputs = elementsAtOnce(atOnce(this.finish(this.#state), callback), callback);
    for (const output of outputs) {
      if (this.port.isClosed) return;
      const sent: Emission = this.port.make(output, { items: 0, origins: [] });
      if (sent !== undefined) await sent;
    }
  }

  /** Calls the step; the state that it gave counts once all outputs have been found. */
  #outputsOf(item: unknown): Iterable<unknown> {
    const answer = atOnce(this.step(this.#state, item), 'the step of statefulMap');
    if (!isArray(answer) || answer.length !== 2)
      throw misanswered('the step of statefulMap', 'pair of a state and outputs');
    this.#next = answer[0] as S;
    return elementsAtOnce(answer[1], 'the step of statefulMap');
  }

  #keep(): void {
    this.#state = this.#next;
  }
}
