import type { CompositeBlueprint } from '../../builder/blueprint.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import { SKIP } from '../../nodes/skip.js';
import { answerAtOnce, wrongAnswer } from './answer-at-once.js';
import type { ChildExecution } from '../plan/plan.js';

/** What one composite makes of its items for the child, and of the child's outputs; made once per composite. */
export class ItemMapping {
  readonly #path: string;
  readonly #input: CompositeBlueprint['input'];
  readonly #combine: CompositeBlueprint['combine'];

  constructor(path: string, { input, combine }: Pick<CompositeBlueprint, 'input' | 'combine'>) {
    this.#path = path;
    this.#input = input;
    this.#combine = combine;
  }

  /** Undefined for a composite that hands its items on as they are, as does its child: nothing is called then. */
  static of(path: string, composite: Pick<CompositeBlueprint, 'input' | 'combine'>): ItemMapping | undefined {
    return composite.input === undefined && composite.combine === undefined
      ? undefined
      : new ItemMapping(path, composite);
  }

  /** Whether outputs of the child leave otherwise than they are. */
  get combines(): boolean {
    return this.#combine !== undefined;
  }

  /**
   * Gives what the child gets.
   *
   * @throws {@link PipelineError} `NODE_FAILED` where `input` threw, `OPTION_INVALID` for a promise or `SKIP`.
   */
  inputOf(item: unknown, view: PipelineContext): unknown {
    if (this.#input === undefined) return item;
    const input = answerAtOnce(this.#path, 'input', this.#input, item, view);
    if (input !== SKIP) return input;
    throw wrongAnswer(this.#path, 'input', 'gave SKIP, but it cannot leave an item out', SKIPPING_REMEDY);
  }

  /**
   * Gives what leaves for one output of the child; {@link SKIP} where nothing does.
   *
   * @throws {@link PipelineError} `NODE_FAILED` where `combine` threw, `OPTION_INVALID` for a promise.
   */
  combined(item: unknown, output: unknown, view: PipelineContext): unknown {
    if (this.#combine === undefined) return output;
    return answerAtOnce(this.#path, 'combine', this.#combine, item, output, view);
  }

  /**
   * Puts what leaves in the place of what a child that has ended gave.
   *
   * @param isMany whether the child's outputs are kept as a list.
   * @throws {@link PipelineError} as {@link combined} does; the child is left as it was then.
   */
  combineKept(child: ChildExecution, isMany: boolean, view: PipelineContext): void {
    const item = child.link?.item;
    if (isMany) {
      const outputs = child.kept as readonly unknown[];
      const combined = outputs.map((output) => this.combined(item, output, view));
      child.kept = combined.filter((each) => each !== SKIP);
      child.count = (child.kept as readonly unknown[]).length;
    } else {
      child.kept = this.combined(item, child.kept, view);
      if (child.kept === SKIP) child.count = 0;
    }
  }
}

const SKIPPING_REMEDY = "Return SKIP from a transform before the composite, or from 'combine'.";
