import type { CompositeBlueprint } from '../../builder/blueprint.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import { SKIP } from '../../nodes/skip.js';
import { answerAtOnce, wrongAnswer } from './answer-at-once.js';
import { asNode } from '../execution/active-scopes.js';
import type { Execution } from '../execution/execution.js';
import type { ChildExecution } from '../plan/plan.js';

/** The functions `input` and `combine` of one composite; made once per composite. */
export class ItemMapping {
  readonly #path: string;
  readonly #input: CompositeBlueprint['input'];
  readonly #combine: CompositeBlueprint['combine'];

  constructor(path: string, { input, combine }: Pick<CompositeBlueprint, 'input' | 'combine'>) {
    this.#path = path;
    this.#input = input;
    this.#combine = combine;
  }

  /** Makes the mapping of a composite; undefined if it has neither `input` nor `combine`. */
  static of(path: string, composite: Pick<CompositeBlueprint, 'input' | 'combine'>): ItemMapping | undefined {
    return composite.input === undefined && composite.combine === undefined
      ? undefined
      : new ItemMapping(path, composite);
  }

  /** True if the composite has `combine`, which changes the child's outputs. */
  get combines(): boolean {
    return this.#combine !== undefined;
  }

  /**
   * Returns the item for the child.
   *
   * @throws {@link PipelineError} `NODE_FAILED` when `input` throws, `OPTION_INVALID` when it returns a promise or `SKIP`.
   */
  inputOf(item: unknown, view: PipelineContext): unknown {
    if (this.#input === undefined) return item;
    const input = answerAtOnce(this.#path, 'input', this.#input, item, view);
    if (input !== SKIP) return input;
    throw wrongAnswer(this.#path, 'input', 'gave SKIP, but it cannot leave an item out', SKIPPING_REMEDY);
  }

  /**
   * Returns the item that leaves the composite for one output of the child; {@link SKIP} for none.
   *
   * @param parent the execution that the composite is in.
   * @throws {@link PipelineError} `NODE_FAILED` when `combine` throws, `OPTION_INVALID` when it returns a promise.
   */
  combined(parent: Execution, item: unknown, output: unknown, view: PipelineContext): unknown {
    const combine = this.#combine;
    if (combine === undefined) return output;
    return asNode(parent, this.#path, () => answerAtOnce(this.#path, 'combine', combine, item, output, view));
  }

  /**
   * Replaces the kept outputs of a child that has ended by the results of `combine`.
   *
   * @param isMany true if the child's outputs are kept as a list.
   * @throws {@link PipelineError} as {@link combined} does; the child's outputs are then unchanged.
   */
  combineKept(child: ChildExecution, isMany: boolean, view: PipelineContext): void {
    const { parent, link } = child;
    const item = link?.item;
    if (isMany) {
      const outputs = child.kept as readonly unknown[];
      const combined = outputs.map((output) => this.combined(parent, item, output, view));
      child.kept = combined.filter((each) => each !== SKIP);
      child.count = (child.kept as readonly unknown[]).length;
    } else {
      child.kept = this.combined(parent, item, child.kept, view);
      if (child.kept === SKIP) child.count = 0;
    }
  }
}

const SKIPPING_REMEDY = "Return SKIP from a transform before the composite, or from 'combine'.";
