import { runPipeline, StreamTransformNode, type PipelineBuilder } from 'heirline';

class Sorted extends StreamTransformNode<number, number> {
  async *transform(numbers: AsyncIterable<number>) {
    const all: number[] = [];
    for await (const number of numbers) all.push(number);
    yield* all.sort((a, b) => a - b);
  }
}

class Sort {
  define(builder: PipelineBuilder) {
    const sorted = builder.addStreamTransform(Sorted, { from: builder.addSource([3, 1, 2]) });
    builder.addSink((number) => console.log(number), { from: sorted });
  }
}

await runPipeline(Sort);

// prints
// 1
// 2
// 3
