import type { Constructor } from '../builder/node-binding.js';
import type { NoItem, PipelineDefinition } from '../builder/pipeline-builder.js';

/** A definition to run: its class, or an instance. */
export type Definition<TIn, TOut> =
  Constructor<PipelineDefinition<TIn, TOut>> | PipelineDefinition<TIn, TOut>;

/** A definition that takes no items and gives none; of a sub-pipeline, a text that says how it is run. */
export type RootDefinition<TIn, TOut> = [TIn, TOut] extends [NoItem, NoItem]
  ? Definition<TIn, TOut>
  : 'This is a sub-pipeline, which takes items: use runItem or stream';

/**
 * What a sub-pipeline is given; of a definition that takes nothing, also a text that says how it is run.
 *
 * The text is beside the items, not in their place, so that generic functions can hand theirs on.
 */
export type TakenBy<TIn, TGiven> = [TIn] extends [NoItem]
  ? TGiven | 'This pipeline takes no items: use run'
  : TGiven;
