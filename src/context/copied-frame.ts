import type { CancelScope } from '../run/ending/cancel-scope.js';
import type { RunIdentity } from '../run/run-identity.js';
import { ContextFrame } from './context-frame.js';
import type { TraceableContext } from './explain.js';
import type { ParentLinkage } from './parent-linkage.js';
import { CopyTrace } from './past-context.js';
import type { PastContext } from './past-context.js';

/**
 * A copy of another context's state, in a scope of its own: what is set here, the original does not see.
 *
 * It holds neither that context nor those above it, only the layers that they had: those tell where values came from.
 */
export class CopiedFrame extends ContextFrame {
  readonly #pipelineId: string;
  readonly #parentLinkage: ParentLinkage | undefined;
  readonly #trace: CopyTrace;

  constructor(origin: ContextFrame, scope: CancelScope, identity: RunIdentity) {
    const { path, pipelineName } = origin.site;
    super({ path, pipelineName }, undefined, origin.services, scope, origin.layers(), identity);
    this.#pipelineId = origin.pipelineId;
    this.#parentLinkage = origin.parentLinkage;
    this.#trace = new CopyTrace(this, origin.traced, origin.pastParent);
    this.takeLocal(origin);
  }

  override get pipelineId(): string {
    return this.#pipelineId;
  }

  override get parentLinkage(): ParentLinkage | undefined {
    return this.#parentLinkage;
  }

  override get pastParent(): PastContext | undefined {
    return this.#trace.parent;
  }

  override get traced(): TraceableContext {
    return this.#trace;
  }
}
