import { errorPolicy, fixed, runPipeline, type PipelineBuilder } from 'heirline';

class BusyError extends Error {}
let tries = 0;

function fetchPrice(article: string) {
  if (article === 'tea' && ++tries < 3) throw new BusyError();
  if (article === 'ink') throw new Error('no such article');
  return `${article}: 4.20`;
}

class Prices {
  define(builder: PipelineBuilder) {
    const prices = builder.addTransform(fetchPrice, {
      from: builder.addSource(['tea', 'ink', 'rye']),
      errorPolicy: errorPolicy(
        { on: BusyError, then: { retry: { attempts: 3, delay: fixed(5) } } }, // the first rule that fits decides
        { then: 'skip' },
      ),
    });
    builder.addSink((line) => console.log(line), { from: prices });
  }
}

await runPipeline(Prices);

// prints
// tea: 4.20
// rye: 4.20
