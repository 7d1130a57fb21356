import { buildPipeline, explainRun, runPipeline, type PipelineBuilder } from 'heirline';

class Convert {
  define(builder: PipelineBuilder<number, number>) {
    const euros = builder.addTransform(
      (dollars, { parameters, run }) => {
        const price = { currency: 'EUR', inputPerMillion: 100, outputPerMillion: 0 };
        run.cost.record({ callId: String(dollars), model: 'rates', inputTokens: 50, outputTokens: 0, price });
        return dollars * parameters.require<number>('rate');
      },
      { name: 'euros', from: builder.addCompositeInput() },
    );
    builder.connect(euros, builder.addCompositeOutput());
  }
}

class Invoices {
  define(builder: PipelineBuilder) {
    const converted = builder.addComposite(Convert, {
      name: 'convert',
      from: builder.addSource([100, 250], 'invoices'),
      contextConfiguration: { inheritParentParameters: { pick: ['rate'] } },
    });
    builder.addSink(() => undefined, { name: 'save', from: converted });
  }
}

const result = await runPipeline(Invoices, { parameters: { rate: 0.5 } });
console.log(explainRun(result, { graph: buildPipeline(Invoices), times: false }));

// prints
// Invoices succeeded; 0.01 EUR, 2 calls, 100 tokens
//
// Invoices             in  out
// ├─ invoices           2    2
// ├─ convert: Convert   2    2
// │  ┆  parameters: rate
// │  ├─ input           2    2
// │  ├─ euros           2    2  0.01 EUR, 2 calls, 100 tokens
// │  └─ output          2    2
// └─ save               2    2
