import { pipelineNameOf } from '../engine/node-replacement.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { TestedChild } from './tested-child.js';
import type { ChildStub } from './tested-child.js';

/** The stubs for sub-pipelines in one test run. */
export class TestedChildren {
  readonly #children: readonly TestedChild[];

  /**
   * @param name of the pipeline under test.
   * @param stubs by the definition that each stands in for.
   */
  constructor(
    private readonly name: string,
    stubs: ReadonlyMap<object, ChildStub>,
  ) {
    this.#children = [...stubs].map(([definition, stub]) => new TestedChild(definition, stub));
  }

  /** What stands in for a definition: a stub for that instance before one for its class. */
  standInFor(source: object): TestedChild | undefined {
    const matching = this.#children.filter((child) => child.replaces(source));
    for (const child of matching) child.isUsed = true;
    return matching.find(({ definition }) => definition === source) ?? matching[0];
  }

  /** @throws {@link PipelineError} `NODE_UNKNOWN`. */
  of(definition: object): TestedChild {
    const child =
      this.#children.find((each) => each.definition === definition) ??
      this.#children.find((each) => each.replaces(definition));
    if (child === undefined) throw this.#unknown(definition);
    return child;
  }

  /** The error of a stub for a definition that the run has not used. */
  unused(): PipelineError | undefined {
    const unused = this.#children.find(({ isUsed }) => !isUsed);
    return unused && this.#unknown(unused.definition);
  }

  #unknown(definition: object): PipelineError {
    return new PipelineError('NODE_UNKNOWN', {
      path: this.name,
      problem: `The sub-pipeline '${pipelineNameOf(definition)}' is not both used and stubbed.`,
      remedy: 'Give withChild a definition that the pipeline uses, and ask child for one that was stubbed.',
    });
  }
}
