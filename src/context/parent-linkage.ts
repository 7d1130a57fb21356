import { PipelineError } from '../errors/pipeline-error.js';
import { contextKey } from './context-key.js';
import type { DictionaryKind } from './dictionary-kind.js';

/** Which composite, in which execution, started a child. */
export interface ParentLinkage {
  /** The id of the composite node in the parent. */
  readonly nodeId: string;
  /** The parent's execution: the same for all children of it. */
  readonly pipelineId: string;
  /** The pipeline that the composite is a node of. */
  readonly pipelineName: string;
}

/** Answers the composite's id from `properties`; read only, absent at the root. */
export const ParentNodeId = contextKey<string>('ParentNodeId');

/** Answers the parent execution's id from `properties`; read only, absent at the root. */
export const ParentPipelineId = contextKey<string>('ParentPipelineId');

/** Answers the parent pipeline's name from `properties`; read only, absent at the root. */
export const ParentPipelineName = contextKey<string>('ParentPipelineName');

/** What each linkage key reads, by name. */
export const linkageReaders: ReadonlyMap<string, (parent: ParentLinkage) => string> = new Map([
  [ParentNodeId.name, (parent: ParentLinkage) => parent.nodeId],
  [ParentPipelineId.name, (parent: ParentLinkage) => parent.pipelineId],
  [ParentPipelineName.name, (parent: ParentLinkage) => parent.pipelineName],
]);

/** Whether a name in a dictionary is answered by the link to the composite above. */
export function isLinkageKey(kind: DictionaryKind, name: string): boolean {
  return kind === 'properties' && linkageReaders.has(name);
}

/** @throws {@link PipelineError} `CONTEXT_KEY_INVALID` when a name in `properties` is one of the linkage keys. */
export function refuseLinkageKey(kind: DictionaryKind, name: string, path: string): void {
  if (!isLinkageKey(kind, name)) return;
  throw new PipelineError('CONTEXT_KEY_INVALID', {
    path,
    problem: `'${name}' tells which composite started this context; it cannot be set.`,
    remedy: 'Use another name for your own property.',
  });
}
