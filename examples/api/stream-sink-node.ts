import { runPipeline, StreamSinkNode, type PipelineBuilder } from 'heirline';

class Report extends StreamSinkNode<string> {
  async consume(lines: AsyncIterable<string>) {
    let count = 0;
    for await (const line of lines) console.log(++count, line);
    console.log('end of report'); // the execution ends when this has
  }
}

class Print {
  define(builder: PipelineBuilder) {
    builder.connect(builder.addSource(['wash', 'cook']), builder.addSink(Report));
  }
}

await runPipeline(Print);

// prints
// 1 wash
// 2 cook
// end of report
