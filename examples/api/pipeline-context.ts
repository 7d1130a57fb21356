import { PipelineContext, runPipeline, type PipelineBuilder } from 'heirline';

class Greetings {
  define(builder: PipelineBuilder) {
    const greet = (name: string, context: PipelineContext) => {
      console.log(`${context.parameters.require<string>('greeting')}, ${name}!`, context.path);
      context.parameters.set('last', name);
    };
    builder.addSink(greet, { from: builder.addSource(['Ada', 'Grace']) });
  }
}

const template = new PipelineContext({ parameters: { greeting: 'Hello' } }); // each run makes its own of it
const { context } = await runPipeline(Greetings, template);
console.log(context.parameters.get('last'), template.parameters.get('last'));

// prints
// Hello, Ada! Greetings
// Hello, Grace! Greetings
// Grace undefined
