import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ActiveScope } from '../../ports/execution-observer.js';
import type { CalledCode } from './called-code.js';

/** Stands before a node's code and calls it in the node's scope: the loops that call nodes need not know of it. */
export class ScopedTarget implements CalledCode {
  constructor(
    readonly code: CalledCode,
    private readonly scope: ActiveScope,
  ) {}

  transform(item: unknown, view: PipelineContext): unknown {
    return this.scope.run(() => this.code.transform(item, view));
  }

  write(item: unknown, view: PipelineContext): unknown {
    return this.scope.run(() => this.code.write(item, view));
  }
}
