import { createSession, runPipeline, type PipelineBuilder, type PipelineContext } from 'heirline';

class Turn {
  constructor(readonly words: string) {}

  define(builder: PipelineBuilder) {
    const answer = (words: string, { run }: PipelineContext) => {
      run.session.update<string[] | undefined>('said', (said = []) => [...said, words]);
      if (words === '') throw new Error('nothing was said');
    };
    builder.addSink(answer, { from: builder.addSource([this.words]) });
  }
}

const session = createSession(); // one per conversation
await runPipeline(new Turn('hello'), { run: { session } });
await runPipeline(new Turn(''), { run: { session } }).catch(() => undefined); // leaves no trace
await runPipeline(new Turn('goodbye'), { run: { session } });
console.log(session.get('said'));

// prints
// [ 'hello', 'goodbye' ]
