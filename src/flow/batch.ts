import type { PipelineContext } from '../context/pipeline-context.js';
import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import { FlowOperator, TakenItems } from '../nodes/flow-operator.js';
import type { Emission, OperatorCore, OperatorPort, Origin } from '../nodes/flow-operator.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import { foundBy, isSameKey } from '../nodes/flow-key.js';
import type { FlowKey, FoundKey } from '../nodes/flow-key.js';
import { atOnce } from '../nodes/callbacks.js';
import { weightFrom } from './item-weight.js';
import { amountRule } from './numbers.js';

/** Options of {@link batch}; at least one of them says when a batch is full. */
export interface BatchOptions<in T> {
  /** How many items a batch has. Default: as many as the other limits allow, at most 100,000. */
  readonly size?: number | undefined;
  /** A batch leaves so many milliseconds after its first item came, though no other comes. Default: it waits. */
  readonly withinMs?: number | undefined;
  /** What an item weighs: 0 or more. */
  readonly weight?: ((item: T, context: PipelineContext) => number) | undefined;
  /** What a batch may weigh: it leaves before an item that would make it heavier; a heavier item goes alone. */
  readonly maxWeight?: number | undefined;
  /** A batch also ends before an item of another key, so that sorted rows become groups. */
  readonly by?: ((item: T, context: PipelineContext) => FlowKey) | undefined;
}

/** What a batch has without another limit. */
const MOST_ITEMS = 100_000;

/**
 * Gathers items into lists. What is left at the end of the stream leaves as a smaller one.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, also without any limit.
 *
 * @example
 * {@includeCode ../../examples/api/batch.ts}
 */
export function batch<T = unknown>(options: BatchOptions<T>): ShapedOperator<T, readonly T[], 'batch'> {
  checkOptions('batch', options, {
    size: rule.positiveInteger,
    withinMs: rule.positiveMilliseconds,
    weight: rule.callable,
    maxWeight: amountRule,
    by: rule.callable,
  });
  const { size, withinMs, weight, maxWeight, by } = options;
  if ((size ?? withinMs ?? maxWeight ?? by) === undefined)
    throw invalidOption(
      'batch',
      "nothing says when a batch is full; give 'size', 'withinMs', 'maxWeight' or 'by'",
    );
  if ((weight === undefined) !== (maxWeight === undefined))
    throw invalidOption('batch', "'weight' and 'maxWeight' belong together");
  const shown = { size, withinMs, maxWeight, by: by && 'per item' };
  return new FlowOperator<T, readonly T[], 'batch'>(
    'batch',
    shown,
    (port, context) => new BatchCore(port, context, options as BatchOptions<unknown>),
  );
}

/** Gathers items until there are enough, they are too heavy, another key comes, or the time is over. */
class BatchCore implements OperatorCore {
  readonly #port: OperatorPort;
  readonly #context: PipelineContext;
  readonly #options: BatchOptions<unknown>;
  readonly #size: number;
  readonly #isJudged: boolean;
  readonly #taken = new TakenItems();
  #items: unknown[] = [];
  #weight = 0;
  #key: FoundKey;
  #callOff: (() => void) | undefined;
  /** Batches that the clock has closed and the stages behind have not taken: one that they work on, one that waits. */
  #closed = 0;
  /** True if the time of the next batch is over, too. */
  #isOverdue = false;

  constructor(port: OperatorPort, context: PipelineContext, options: BatchOptions<unknown>) {
    this.#port = port;
    this.#context = context;
    this.#options = options;
    this.#size = options.size ?? MOST_ITEMS;
    this.#isJudged = (options.weight ?? options.by) !== undefined;
  }

  push(item: unknown, origin: Origin): Emission {
    return this.#isJudged ? this.#judge(item, origin) : this.#add(item, origin);
  }

  end(): Emission {
    return this.#leave();
  }

  #add(item: unknown, origin: Origin): Emission {
    const { withinMs } = this.#options;
    if (withinMs !== undefined && this.#items.length === 0) this.#start(withinMs);
    this.#items.push(item);
    this.#taken.add(origin);
    return this.#items.length >= this.#size ? this.#leave() : undefined;
  }

  #judge(item: unknown, origin: Origin): Emission {
    const { maxWeight = Infinity } = this.#options;
    // Both are asked before anything is changed: either may throw.
    const weight = this.#weightOf(item);
    const key = this.#keyOf(item);
    const isOther = !isSameKey(key, this.#key) || this.#weight + weight > maxWeight;
    const left = isOther && this.#items.length > 0 ? this.#leave() : undefined;
    this.#key = key;
    this.#weight += weight;
    const added = this.#add(item, origin);
    // Both go through one door: the later one is done when both are.
    return (this.#weight >= maxWeight ? this.#leave() : undefined) ?? added ?? left;
  }

  /** Sends what there is. */
  #leave(): Emission {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#isOverdue = false;
    if (this.#items.length === 0) return undefined;
    const items = this.#items;
    this.#items = [];
    this.#weight = 0;
    return this.#port.make(items, this.#taken.take());
  }

  #start(withinMs: number): void {
    this.#callOff = this.#port.callAt(this.#port.now() + withinMs, () => {
      this.#timeIsOver();
    });
  }

  /** Sends what there is; while another batch waits already, this one goes on growing instead. */
  #timeIsOver(): void {
    if (this.#closed > 1) {
      this.#isOverdue = true;
      return;
    }
    const left = this.#leave();
    if (left === undefined) return;
    this.#closed += 1;
    void left.then(() => {
      this.#closed -= 1;
      if (this.#isOverdue) this.#timeIsOver();
    });
  }

  #weightOf(item: unknown): number {
    const { weight } = this.#options;
    return weight === undefined ? 0 : weightFrom(weight(item, this.#context), "'weight' of batch");
  }

  #keyOf(item: unknown): FoundKey {
    const { by } = this.#options;
    return by === undefined
      ? undefined
      : foundBy(atOnce(by(item, this.#context), "'by' of batch"), "'by' of batch");
  }
}
