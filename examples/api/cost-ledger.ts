import { CostLedger, runPipeline, type PipelineBuilder } from 'heirline';

class Ask {
  define(builder: PipelineBuilder) {
    builder.addSink(
      (question: string, { run }) => {
        const price = { currency: 'USD', inputPerMillion: 3, outputPerMillion: 15 };
        const call = { callId: question, model: 'sage-2', inputTokens: 1_000, outputTokens: 200 };
        run.cost.record({ ...call, price });
      },
      { name: 'ask', from: builder.addSource(['one', 'two']) },
    );
  }
}

const cost = new CostLedger(); // one for several runs; by default each run has its own
await runPipeline(Ask, { run: { cost } });
for (const { key, amount, currency, calls } of cost.total('path')) console.log(key, amount, currency, calls);

// prints
// Ask/ask 0.012 USD 2
