// With granularity 'stream' a sub-pipeline runs once over all items, so what is inside it sees the whole stream.
import { runPipeline, type PipelineBuilder, type PipelineDefinition } from 'heirline';

async function* inPairs(names: AsyncIterable<string>): AsyncIterable<string> {
  let waiting: string | undefined;
  for await (const name of names) {
    if (waiting !== undefined) yield `${waiting} + ${name}`;
    waiting = waiting === undefined ? name : undefined;
  }
  if (waiting !== undefined) yield `${waiting} alone`;
}

class Pairs implements PipelineDefinition<string, string> {
  define(builder: PipelineBuilder<string, string>): void {
    const pairs = builder.addStreamTransform(inPairs, { name: 'pairs', from: builder.addCompositeInput() });
    builder.connect(pairs, builder.addCompositeOutput());
  }
}

class Dance implements PipelineDefinition {
  constructor(readonly granularity: 'item' | 'stream') {}

  define(builder: PipelineBuilder): void {
    const dancers = builder.addSource(['Ann', 'Bob', 'Cem', 'Dan', 'Eve'], 'dancers');
    const pairs = builder.addComposite(Pairs, { from: dancers, granularity: this.granularity });
    builder.addSink((pair) => console.log(`  ${pair}`), { name: 'print', from: pairs });
  }
}

console.log('item: one execution of the sub-pipeline per dancer');
await runPipeline(new Dance('item'));

console.log('stream: one execution for all dancers');
await runPipeline(new Dance('stream'));
