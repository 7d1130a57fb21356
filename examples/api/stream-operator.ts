import { runPipeline, type PipelineBuilder, type StreamOperator } from 'heirline';

// Gives each item with the one before it.
function pairwise<T>(): StreamOperator<T, readonly [T, T]> {
  return {
    kind: 'pairwise',
    options: {},
    open(output) {
      let before: { readonly item: T } | undefined;
      return {
        push(item) {
          const last = before;
          before = { item };
          return last === undefined ? undefined : output([last.item, item]);
        },
        end: () => undefined,
      };
    },
  };
}

class Steps {
  define(builder: PipelineBuilder) {
    const steps = builder.addStreamTransform(pairwise<number>(), { from: builder.addSource([1, 4, 9]) });
    builder.addSink(([from, to]) => console.log(to - from), { from: steps });
  }
}

await runPipeline(Steps);

// prints
// 3
// 5
