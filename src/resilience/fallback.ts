import { hasMethod, readProperty } from '../data/foreign-value.js';
import type { OptionRule } from '../errors/option-rules.js';
import type { BuilderTypes } from './builder-types.js';

/** A pipeline definition, as far as a fallback must know it. */
export interface FallbackDefinition {
  /** Describes the sub-pipeline that runs in place of what has failed. */
  define(builder: never, context: never): void;
}

/** A sub-pipeline that is a fallback: a definition, given as its class or as an instance. */
export type FallbackPipeline = FallbackDefinition | (new (...args: never[]) => FallbackDefinition);

/** The type of what a sub-pipeline gives. */
export type PipelineOutput<TPipeline> = TPipeline extends new (...args: never[]) => infer TDefinition
  ? DefinitionOutput<TDefinition>
  : DefinitionOutput<TPipeline>;

type DefinitionOutput<TDefinition> = TDefinition extends {
  define(builder: infer TBuilder, ...rest: never[]): void;
}
  ? BuilderOutput<TBuilder>
  : never;

// A definition of which nothing else is known has a builder of type `never`.
type BuilderOutput<TBuilder> = [TBuilder] extends [never]
  ? never
  : BuilderTypes<TBuilder>['items'] extends { readonly output: infer TOutput }
    ? TOutput
    : never;

/** Whether a fallback is a sub-pipeline: an instance or a class, which nobody can call. */
export function isPipelineFallback(fallback: unknown): fallback is object {
  if (typeof fallback !== 'function') return hasMethod(fallback, 'define');
  return (
    hasMethod(readProperty(fallback, 'prototype'), 'define') ||
    /^class\b/.test(Function.prototype.toString.call(fallback))
  );
}

/** The rule of what stands in for a failed item. */
export const fallbackRule: OptionRule = (value) =>
  typeof value === 'function' || isPipelineFallback(value)
    ? undefined
    : 'a function or a pipeline definition';
