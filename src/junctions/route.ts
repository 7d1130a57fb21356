import type { PipelineContext } from '../context/pipeline-context.js';
import { ItemRefusal } from '../errors/item-refusal.js';
import { atOnce } from '../nodes/callbacks.js';
import type { ErrorPolicy } from '../resilience/error-policy.js';
import type { FinalDecision } from '../resilience/error-rule.js';

/** The conditions of a route by the names of its outputs; type guards narrow the items of theirs. */
export type RouteConditions<in T> = Readonly<Record<string, (item: T, context: PipelineContext) => boolean>>;

/** What happens to items that no condition takes. */
export type RouteOtherwise = 'fail' | 'drop' | 'deadLetter' | 'emit';

/** Options of a route. */
export interface RouteOptions<out O extends RouteOtherwise = RouteOtherwise> {
  /** The node's id; unique in its pipeline. Default: kind and number. */
  readonly name?: string | undefined;
  /** Whether an item leaves by the first output whose condition holds, the default, or by all of them. */
  readonly mode?: 'first' | 'all' | undefined;
  /**
   * What happens to items that no condition takes. `fail`, the default: an item fails with `ROUTE_UNMATCHED`, and the
   * node's `errorPolicy` decides. `drop`: it is filtered. `deadLetter`: it goes to the dead-letter sink. `emit`: it leaves by
   * the output `otherwise`.
   */
  readonly otherwise?: O | undefined;
  /** What happens to items for which a condition throws, or none holds. Default: the pipeline's, else `fail`. */
  readonly errorPolicy?: ErrorPolicy | FinalDecision | undefined;
}

/** The items of an output: narrowed where its condition is a type guard. */
export type Narrowed<A, F> = F extends { guard(item: unknown, ...more: never[]): item is infer N }['guard']
  ? N extends A
    ? N
    : A
  : A;

/** The name of the output for what no condition takes. */
export const OTHERWISE = 'otherwise';

const NONE: readonly number[] = [];

/** Says by which outputs items leave. */
export class Route {
  /** The names of the outputs, in the order of the conditions; `otherwise` is the last where it is emitted. */
  readonly outputs: readonly string[];
  readonly #conditions: readonly RouteConditions<unknown>[string][];
  /** What each condition is called in messages. */
  readonly #names: readonly string[];
  /** Each output alone, by its number: most items leave by one. */
  readonly #alone: readonly (readonly number[])[];
  readonly #isFirstOnly: boolean;

  constructor(
    conditions: RouteConditions<unknown>,
    mode: 'first' | 'all',
    readonly otherwise: RouteOtherwise,
  ) {
    const names = Object.keys(conditions);
    this.outputs = otherwise === 'emit' ? [...names, OTHERWISE] : names;
    this.#conditions = Object.values(conditions);
    this.#names = names.map((name) => `the condition '${name}' of a route`);
    this.#alone = this.outputs.map((_, index) => [index]);
    this.#isFirstOnly = mode === 'first';
  }

  /** The numbers of the outputs that take an item; none where no condition holds and nothing else is said. */
  outputsFor(item: unknown, context: PipelineContext): readonly number[] {
    const taken = this.#isFirstOnly ? this.#first(item, context) : this.#all(item, context);
    if (taken !== undefined) return taken;
    return this.otherwise === 'emit' ? (this.#alone[this.#conditions.length] ?? NONE) : NONE;
  }

  #first(item: unknown, context: PipelineContext): readonly number[] | undefined {
    for (let index = 0; index < this.#conditions.length; index += 1)
      if (this.#holds(index, item, context)) return this.#alone[index];
    return undefined;
  }

  #all(item: unknown, context: PipelineContext): readonly number[] | undefined {
    const taken = this.#conditions.flatMap((_, index) => (this.#holds(index, item, context) ? [index] : []));
    return taken.length === 0 ? undefined : taken;
  }

  #holds(index: number, item: unknown, context: PipelineContext): boolean {
    const answer: unknown = this.#conditions[index]?.(item, context);
    return Boolean(atOnce(answer, this.#names[index] ?? ''));
  }
}

/** The refusal of an item that no condition takes. */
export function unmatched(outputs: readonly string[]): ItemRefusal {
  return new ItemRefusal('ROUTE_UNMATCHED', {
    problem: `No condition of the route took the item: ${outputs.map((name) => `'${name}'`).join(', ')}.`,
    remedy: "Add a condition, set 'otherwise', or give the route an errorPolicy.",
  });
}
