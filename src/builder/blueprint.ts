import type { PassingKey } from '../context/child-contract.js';
import type { ChildValuesOf } from '../context/child-context-options.js';
import type { ChildInheritance } from '../context/child-inheritance.js';
import type { DictionaryKind } from '../context/dictionary-kind.js';
import type { ValidationProblem } from '../errors/pipeline-validation-error.js';
import type { GraphNode, PipelineGraph } from '../graph/graph-shape.js';
import type { ChildInputOf, CombinedOutputOf, OutputCardinality } from '../nodes/composite-options.js';
import type { NodeKind } from '../nodes/node-kind.js';
import type { NodeLifetime } from '../nodes/node-options.js';
import type { BulkheadNumbers } from '../resilience/bulkhead.js';
import type { CircuitBreaker } from '../resilience/circuit-breaker.js';
import type { ErrorPolicy } from '../resilience/error-policy.js';
import type { Tolerance } from '../resilience/tolerance.js';
import type { BudgetLimits } from '../run/spending/budget-limits.js';
import type { ParameterReads } from './definition-context.js';
import type { NodeBinding } from './node-binding.js';
import type { Constructor } from '../nodes/constructor.js';
import type { RequiredSchema } from './pipeline-metadata.js';

/** Whatever was given as a definition: a class or an instance. */
export type DefinitionSource = Constructor<object> | object;

/** A node's options with their defaults. */
export interface ResolvedNodeOptions {
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly readAhead: number;
  readonly errorPolicy: ErrorPolicy<unknown> | undefined;
  readonly timeoutMs: number | undefined;
  readonly circuitBreaker: CircuitBreaker | undefined;
  readonly bulkhead: BulkheadNumbers | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly lifetime: NodeLifetime;
}

/** A node as the engine compiles it. */
export interface BlueprintNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly path: string;
  readonly metadata: GraphNode['metadata'];
  /** Whether its code takes the whole stream. */
  readonly isStream: boolean;
  readonly options: ResolvedNodeOptions;
  /** Undefined for a composite. */
  readonly binding: NodeBinding | undefined;
  /** Defined for a composite. */
  readonly composite: CompositeBlueprint | undefined;
  /** The sub-pipelines of its own policy that run in place of what has failed. */
  readonly fallbacks: readonly FallbackBlueprint[];
}

/** A sub-pipeline below a node: the child of a composite, or a fallback. */
export interface SubPipeline {
  /** Where its own nodes are: that of the composite, or `<node>/fallback`. */
  readonly path: string;
  readonly composite: CompositeBlueprint;
}

/** A sub-pipeline that is a fallback of a node. */
interface FallbackBlueprint extends SubPipeline {
  /** The last part of its path: `fallback`, of further ones `fallback-2` and so on. */
  readonly id: string;
}

/** The sub-pipelines below a node: of a composite its child, then the fallbacks. */
export function subPipelines({ path, composite, fallbacks }: BlueprintNode): readonly SubPipeline[] {
  return composite === undefined ? fallbacks : [{ path, composite }, ...fallbacks];
}

/** A composite as the engine compiles it. */
export interface CompositeBlueprint {
  readonly definition: DefinitionSource;
  readonly granularity: 'item' | 'stream';
  readonly output: OutputCardinality;
  readonly cancellable: boolean;
  /** What each child may spend. */
  readonly budget: BudgetLimits | undefined;
  /** What its child's `define` sees; what passes through the child comes on top, once the child is described. */
  readonly inheritance: ChildInheritance;
  readonly valuesOf: ChildValuesOf<unknown> | undefined;
  /** Makes what a child gets of an item; undefined where it gets the item itself. */
  readonly input: ChildInputOf<unknown, unknown> | undefined;
  /** Makes what leaves of an item and an output of its child; undefined where the output leaves. */
  readonly combine: CombinedOutputOf<unknown, unknown, unknown> | undefined;
  /** The keys its child must have. */
  readonly requires: readonly (readonly [DictionaryKind, string])[];
  /** The keys of its child whose entries are parsed at the start. */
  readonly requiredSchemas: readonly RequiredSchema[];
  /** The secrets its child must have. */
  readonly requiredSecrets: readonly string[];
  /** Undefined while `define` requires a parameter that only a running parent can give. */
  readonly child: Blueprint | undefined;
  /** What reaches that child: with the keys that pass through it. */
  readonly passes: ChildInheritance;
  /** The pipelines above the child, the root first. */
  readonly ancestors: readonly DefinitionSource[];
}

/** What decides about nodes without a policy of their own. */
interface DefaultPolicy {
  readonly policy: ErrorPolicy<unknown>;
  /** Whether it decides in the children too, where they have no default of their own. */
  readonly children: boolean;
}

/** What is said about a pipeline as a whole, under the names of the builder's methods. */
export interface PipelineSettings {
  /** What decides about nodes without a policy of their own. */
  readonly errorPolicy?: DefaultPolicy | undefined;
  /** How many lost items do not fail an execution of it. */
  readonly tolerate?: Tolerance | undefined;
}

/** A pipeline as the engine compiles it: its graph, and the code behind it. */
export interface Blueprint {
  readonly name: string;
  readonly path: string;
  readonly graph: PipelineGraph;
  readonly nodes: readonly BlueprintNode[];
  readonly settings: PipelineSettings;
  readonly requires: readonly (readonly [DictionaryKind, string])[];
  readonly requiredSchemas: readonly RequiredSchema[];
  readonly requiredSecrets: readonly string[];
  /** The keys that its composites take from it as required. */
  readonly through: readonly PassingKey[];
  /** What `define` read of the parameters: it runs again when that changes. */
  readonly reads: ParameterReads;
  /** What may be wrong with it or a child of it. */
  readonly warnings: readonly ValidationProblem[];
}
