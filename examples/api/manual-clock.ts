import { errorPolicy, fixed, type PipelineBuilder } from 'heirline';
import { ManualClock, testPipeline } from 'heirline/testing';

let tries = 0;

class Retry {
  define(builder: PipelineBuilder) {
    const fetched = builder.addTransform(
      (article: string) => {
        tries += 1;
        if (tries < 3) throw new Error('try later');
        return article;
      },
      {
        from: builder.addSource(['tea']),
        errorPolicy: errorPolicy({ then: { retry: { attempts: 3, delay: fixed(60_000) } } }),
      },
    );
    builder.addSink(() => undefined, { name: 'save', from: fetched });
  }
}

const clock = new ManualClock();
const running = testPipeline(Retry).withClock(clock).run();
await clock.advance(120_000); // two minutes, at once
console.log((await running).sink('save'), tries);

// prints
// [ 'tea' ] 3
