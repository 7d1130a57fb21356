import { takeLocalEntries } from './context-dictionary.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { CancelScope } from '../run/cancel-scope.js';
import { ContextFrame } from './context-frame.js';
import { dictionaryKinds } from './dictionary-kind.js';
import type { ParentLinkage } from './parent-linkage.js';

/**
 * A copy of another context's state, for work that outlives it.
 *
 * It holds neither that context nor those above it nor their run: its scope is its own, so no cancel, deadline or
 * end of the run reaches it.
 */
export class CapturedFrame extends ContextFrame {
  readonly #pipelineId: string;
  readonly #parentLinkage: ParentLinkage | undefined;

  constructor(origin: ContextFrame) {
    const { path, pipelineName } = origin.site;
    super(
      { path, pipelineName },
      undefined,
      origin.services,
      new CancelScope(path).useClock(origin.scope.clock),
      origin.layers(),
      origin.identity.copy(),
    );
    this.#pipelineId = origin.pipelineId;
    this.#parentLinkage = origin.parentLinkage;
    for (const kind of dictionaryKinds) takeLocalEntries(this.dictionary(kind), origin.dictionary(kind));
  }

  override get pipelineId(): string {
    return this.#pipelineId;
  }

  override get parentLinkage(): ParentLinkage | undefined {
    return this.#parentLinkage;
  }

  /** @throws {@link PipelineError} `CONTEXT_DISPOSED`: a copy has no end at which to dispose anything. */
  override addDisposer(): never {
    throw new PipelineError('CONTEXT_DISPOSED', {
      path: this.path,
      problem: 'A disposer was registered on a captured context, which has no end.',
      remedy: 'Dispose the resource where it is used.',
    });
  }
}
