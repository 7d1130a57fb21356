import { contextKey, pipeline, PipelineError, runPipeline } from 'heirline';
import type { PipelineBuilder, PipelineContext } from 'heirline';

const Currency = contextKey<string>('currency');

class Prices {
  define(builder: PipelineBuilder) {
    const print = (price: number, { path, parameters }: PipelineContext) =>
      console.log(path, price, parameters.require(Currency));
    builder.addSink(print, { name: 'print', from: builder.addSource([4]) });
  }
}

// As a decorator it stands before the class; `static readonly pipeline = { ... }` in the class says the same.
pipeline({ name: 'prices', requires: { parameters: [Currency] } })(Prices);

await runPipeline(Prices, { parameters: { currency: 'EUR' } });
await runPipeline(Prices).catch((error: unknown) => {
  if (error instanceof PipelineError) console.log(error.code); // before any item flows
});

// prints
// prices 4 EUR
// CONTEXT_REQUIREMENT_UNMET
