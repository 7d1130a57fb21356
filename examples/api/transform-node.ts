import { runPipeline, SKIP, TransformNode, type PipelineBuilder } from 'heirline';

class Unique extends TransformNode<string, string> {
  readonly #seen = new Set<string>(); // of one execution: each has an instance of its own

  transform(word: string) {
    if (this.#seen.has(word)) return SKIP;
    this.#seen.add(word);
    return word;
  }
}

class Words {
  define(builder: PipelineBuilder) {
    const unique = builder.addTransform(Unique, { from: builder.addSource(['to', 'be', 'to']) });
    builder.addSink((word) => console.log(word), { from: unique });
  }
}

await runPipeline(Words);

// prints
// to
// be
