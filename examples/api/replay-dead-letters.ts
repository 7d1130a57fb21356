import { MemoryDeadLetterSink, replayDeadLetters, runPipeline, type PipelineBuilder } from 'heirline';

let isDown = true;

class Enrich {
  define(builder: PipelineBuilder) {
    const enriched = builder.addTransform(
      (name: string) => {
        if (isDown) throw new Error('the service is down');
        return `${name}, enriched`;
      },
      { name: 'enrich', from: builder.addSource(['ada', 'grace']), errorPolicy: 'deadLetter' },
    );
    builder.addSink((text) => console.log(text), { from: enriched });
  }
}

const sink = new MemoryDeadLetterSink();
await runPipeline(Enrich, { deadLetterSink: sink });
console.log(`${sink.envelopes.length} dead letters`);

isDown = false;
console.log(await replayDeadLetters(sink, { definition: Enrich }));

// prints
// 2 dead letters
// ada, enriched
// grace, enriched
// { replayed: 2, succeeded: 2, failedAgain: 0 }
