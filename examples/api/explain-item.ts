import { errorPolicy, explainItem, MemoryLineageSink, PipelineRunner, type PipelineBuilder } from 'heirline';
import { ManualClock } from 'heirline/testing';

class Price {
  define(builder: PipelineBuilder<string, string>) {
    const ask = builder.addTransform(
      (article: string) => {
        if (article === 'tea') throw new TypeError('no price');
        return `${article}: 3`;
      },
      {
        name: 'ask',
        from: builder.addCompositeInput(),
        errorPolicy: errorPolicy({ then: { retry: { attempts: 3, exhausted: 'skip' } } }),
      },
    );
    builder.connect(ask, builder.addCompositeOutput());
  }
}

class Orders {
  define(builder: PipelineBuilder) {
    const read = builder.addSource(['tea', 'milk'], 'read');
    const price = builder.addComposite(Price, { name: 'price', from: read, output: 'optional' });
    builder.addSink(() => undefined, { name: 'save', from: price });
  }
}

const sink = new MemoryLineageSink();
const runner = new PipelineRunner({ clock: new ManualClock(), lineageSink: sink });
await runner.run(Orders, { run: { runId: 'monday' } });
const [lost] = sink.passedThrough('Orders/price/ask');
if (lost !== undefined) console.log(await explainItem(sink, lost.correlationId));

// prints
// item monday#1
//   filtered NODE_FAILED (TypeError) after 3 tries at Orders/price/ask,
//   2000-01-01T00:00:00.000Z
//   run monday
//
//   Orders
//   ├─ read
//   └─ price
//      ├─ input
//      └─ ask    filtered NODE_FAILED (TypeError) after 3 tries
