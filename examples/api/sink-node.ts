import { runPipeline, SinkNode, type PipelineBuilder, type PipelineContext } from 'heirline';

class Total extends SinkNode<number> {
  #total = 0;

  write(amount: number) {
    this.#total += amount;
  }

  override flush(_context: PipelineContext, outcome: string) {
    console.log(outcome, this.#total); // once, in every ending
  }
}

class Bill {
  define(builder: PipelineBuilder) {
    builder.connect(builder.addSource([3, 4, 5]), builder.addSink(Total));
  }
}

await runPipeline(Bill);

// prints
// succeeded 12
