import type { PipelineContext } from '../context/pipeline-context.js';
import { ignoreRejection, isThenable } from '../data/foreign-value.js';
import { ItemRefusal } from '../errors/item-refusal.js';
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

/** Says by which outputs items leave. */
export class Route {
  /** The names of the outputs, in the order of the conditions; `otherwise` is the last where it is emitted. */
  readonly outputs: readonly string[];
  readonly #conditions: readonly RouteConditions<unknown>[string][];
  readonly #isFirstOnly: boolean;

  constructor(
    conditions: RouteConditions<unknown>,
    mode: 'first' | 'all',
    readonly otherwise: RouteOtherwise,
  ) {
    const names = Object.keys(conditions);
    this.outputs = otherwise === 'emit' ? [...names, OTHERWISE] : names;
    this.#conditions = Object.values(conditions);
    this.#isFirstOnly = mode === 'first';
  }

  /** The numbers of the outputs that take an item; none where no condition holds and nothing else is said. */
  outputsFor(item: unknown, context: PipelineContext): readonly number[] {
    const taken: number[] = [];
    for (let index = 0; index < this.#conditions.length; index += 1) {
      if (!this.#holds(index, item, context)) continue;
      taken.push(index);
      if (this.#isFirstOnly) break;
    }
    return taken.length === 0 && this.otherwise === 'emit' ? [this.#conditions.length] : taken;
  }

  #holds(index: number, item: unknown, context: PipelineContext): boolean {
    const answer: unknown = this.#conditions[index]?.(item, context);
    if (!isThenable(answer)) return Boolean(answer);
    ignoreRejection(answer);
    throw new ItemRefusal('OPTION_INVALID', {
      problem: `The condition '${String(this.outputs[index])}' of a route promised an answer, which must come at once.`,
      remedy: 'Do what takes time in a transform before the route, and let the condition read the result.',
    });
  }
}

/** The refusal of an item that no condition takes. */
export function unmatched(outputs: readonly string[]): ItemRefusal {
  return new ItemRefusal('ROUTE_UNMATCHED', {
    problem: `No condition of the route took the item: ${outputs.map((name) => `'${name}'`).join(', ')}.`,
    remedy: "Add a condition, set 'otherwise', or give the route an errorPolicy.",
  });
}
