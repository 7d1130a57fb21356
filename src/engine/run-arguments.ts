import type { Constructor } from '../nodes/constructor.js';
import type { NoItem } from '../builder/builder-options.js';
import type { PipelineDefinition } from '../builder/pipeline-builder.js';

/** A definition to run: its class, or an instance. */
export type Definition<TIn, TOut> =
  Constructor<PipelineDefinition<TIn, TOut>> | PipelineDefinition<TIn, TOut>;

/** Type of a definition without input and output. For a sub-pipeline it is a text type that names the right method. */
export type RootDefinition<TIn, TOut> = [TIn, TOut] extends [NoItem, NoItem]
  ? Definition<TIn, TOut>
  : 'This is a sub-pipeline, which takes items: use runItem or stream';

/**
 * Type of the items for a sub-pipeline. For a definition without input, also a text type that names the right method.
 *
 * The text is added to the type, not put in its place, so that generic functions can still pass items of type `TGiven`.
 */
export type TakenBy<TIn, TGiven> = [TIn] extends [NoItem]
  ? TGiven | 'This pipeline takes no items: use run'
  : TGiven;
