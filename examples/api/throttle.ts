import { PipelineRunner, type PipelineBuilder } from 'heirline';
import { throttle } from 'heirline/flow';
import { ManualClock } from 'heirline/testing';

const clock = new ManualClock(0);

class Polite {
  define(builder: PipelineBuilder) {
    const requests = builder.addSource(['a', 'b', 'c']);
    const paced = builder.addStreamTransform(throttle({ items: 2, perMs: 1_000 }), { from: requests });
    builder.addSink((request) => console.log(request, 'after', clock.now(), 'ms'), { from: paced });
  }
}

const run = new PipelineRunner({ clock }).run(Polite);
await clock.advance(1_000);
await run;

// prints
// a after 0 ms
// b after 0 ms
// c after 500 ms
