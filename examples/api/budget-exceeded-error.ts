import { BudgetExceededError, runPipeline, type PipelineBuilder } from 'heirline';

class Ask {
  define(builder: PipelineBuilder) {
    builder.addSink(
      (callId: string, { run }) => {
        run.cost.record({ callId, model: 'sage-2', inputTokens: 40, outputTokens: 20 });
      },
      { name: 'ask', from: builder.addSource(['one', 'two', 'three']) },
    );
  }
}

try {
  await runPipeline(Ask, { run: { budget: { tokens: 100 } } });
} catch (error) {
  if (!(error instanceof BudgetExceededError)) throw error;
  const { kind, spent, limit, topSpender } = error.budget;
  console.log(`${spent} of ${limit} ${kind}, most by ${topSpender}`);
}

// prints
// 120 of 100 tokens, most by Ask/ask
