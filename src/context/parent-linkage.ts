import { contextKey } from './context-key.js';

/** Which composite, in which execution, started a child. */
export interface ParentLinkage {
  /** The id of the composite node in the parent. */
  readonly nodeId: string;
  readonly pipelineId: string;
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
