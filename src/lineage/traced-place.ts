import type { ContextFrame } from '../context/context-frame.js';

/** A node, wherever it runs. */
export interface TracedSite {
  readonly id: string;
  readonly path: string;
}

/** A node in one execution, as lineage names it. */
export class TracedPlace {
  readonly pipelineId: string;
  readonly pipelineName: string;
  /** The version of the pipeline, if its definition says one. */
  readonly pipelineVersion: string | undefined;
  private knownRunId: string | undefined;
  private knownTenantId: string | undefined;

  constructor(
    readonly site: TracedSite,
    readonly frame: ContextFrame,
  ) {
    this.pipelineId = frame.pipelineId;
    this.pipelineName = frame.site.pipelineName;
    this.pipelineVersion = frame.site.pipelineVersion;
  }

  get runId(): string {
    if (this.knownRunId === undefined) this.#readIdentity();
    return this.knownRunId ?? '';
  }

  get tenantId(): string | undefined {
    if (this.knownRunId === undefined) this.#readIdentity();
    return this.knownTenantId;
  }

  #readIdentity(): void {
    const { identity } = this.frame;
    this.knownRunId = identity.get('runId');
    this.knownTenantId = identity.get('tenantId');
  }
}
