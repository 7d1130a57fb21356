import { runPipeline, type PipelineBuilder } from 'heirline';

class Greetings {
  define(builder: PipelineBuilder) {
    const names = builder.addSource(['Ada', 'Grace'], 'names');
    const greeted = builder.addTransform((name) => `Hello, ${name}!`, { name: 'greet', from: names });
    builder.addSink((line) => console.log(line), { name: 'print', from: greeted });
  }
}

const result = await runPipeline(Greetings);
console.log(result.status, result.nodes.get('Greetings/greet')?.out);

// prints
// Hello, Ada!
// Hello, Grace!
// succeeded 2
