import { PipelineContext, TransformNode } from 'heirline';
import type { PipelineBuilder, PipelineDefinition } from 'heirline';
import type { Contender, Run, Workload } from '../harness/contender.js';
import { Add } from './class-nodes.js';
import { dictionaryOf } from './dictionary.js';
import { heirlineRun } from './heirline-run.js';

/** How many keys the parent has; none is what the others are compared with. */
export const keyCounts = [0, 10, 1_000, 10_000];

/** The two workloads that should cost the same whatever is inherited. */
export const inheritanceNames = {
  steady: 'inheritance',
  written: 'inheritance, the parent writes a key between items',
} as const;

/** A child per item that inherits all parameters, with no hand-written floor: the least keys are the reference. */
export function inheritance(): Workload[] {
  const withKeys = (prepareFor: (keys: number) => Contender['prepare']): Contender[] =>
    keyCounts.map((keys) => ({ name: keysName(keys), role: 'heirline', prepare: prepareFor(keys) }));
  return [
    {
      name: inheritanceNames.steady,
      items: 50_000,
      contenders: withKeys((keys) => (numbers) => steady(numbers, keys)),
    },
    {
      name: inheritanceNames.written,
      items: 50_000,
      contenders: withKeys((keys) => (numbers) => written(numbers, keys)),
    },
  ];
}

/** What the contender with so many keys is called. */
export function keysName(keys: number): string {
  return `heirline, ${keys.toLocaleString('en')} keys`;
}

class Child implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    builder.addCompositeOutput({ from: builder.addTransform(Add, { from: builder.addCompositeInput() }) });
  }
}

function steady(source: readonly number[], keys: number): Run {
  return heirlineRun({
    source,
    context: new PipelineContext({ parameters: dictionaryOf(keys) }),
    describe: (builder, from) =>
      builder.addComposite(Child, { from, contextConfiguration: { inheritParentParameters: true } }),
  });
}

/** Gives what the parent has written for this item, so the result is wrong if the child sees another. */
class ReadLatest extends TransformNode<number, number> {
  override transform(item: number, { parameters }: PipelineContext): number {
    return item + parameters.require<number>('latest');
  }
}

class ReadingChild implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    builder.addCompositeOutput({
      from: builder.addTransform(ReadLatest, { from: builder.addCompositeInput() }),
    });
  }
}

function written(source: readonly number[], keys: number): Run {
  return heirlineRun({
    source,
    context: new PipelineContext({ parameters: dictionaryOf(keys) }),
    describe(builder, numbers) {
      const write = builder.addTransform(
        (item: number, { parameters }) => {
          parameters.set('latest', item);
          return item;
        },
        { name: 'write', from: numbers },
      );
      return builder.addComposite(ReadingChild, {
        from: write,
        contextConfiguration: { inheritParentParameters: true },
      });
    },
  });
}
