import { formatError, runPipeline, type PipelineBuilder } from 'heirline';

class Prices {
  define(builder: PipelineBuilder) {
    const priced = builder.addTransform(
      ({ currency }: { currency: string }): number => {
        throw new TypeError(`no rate for ${currency}`);
      },
      { name: 'convert', from: builder.addSource([{ currency: 'XYZ', amount: 3 }]) },
    );
    builder.addSink(() => undefined, { from: priced });
  }
}

await runPipeline(Prices, { parameters: { region: 'north' }, run: { runId: 'monday' } }).catch(
  (error: unknown) => console.log(formatError(error).replace(/\d+ ms/, '3 ms')),
);

// prints
// NODE_FAILED
// Prices
// └─ convert ✗
//
// The node failed: no rate for XYZ.
//
// because     TypeError: no rate for XYZ
// item        { currency: 'XYZ', amount: 3 }
// context     parameters region
// run         monday, failed after 3 ms
// to do       The original error is the cause; mend it, or give the node an
//             errorPolicy.
// docs        docs/errors.md#node_failed
