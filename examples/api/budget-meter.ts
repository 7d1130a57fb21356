import { BudgetExceededError, runPipeline, type PipelineBuilder } from 'heirline';

class Ask {
  define(builder: PipelineBuilder) {
    builder.addSink(
      (question: string, { run }) => {
        try {
          const reserved = run.budget.reserve({ tokens: 100 }); // the most that the call can use
          reserved.settle({ tokens: 60 }); // what it has used
          console.log(question, 'asked,', run.budget.remaining('tokens'), 'tokens left');
        } catch (error) {
          if (!(error instanceof BudgetExceededError)) throw error;
          console.log(question, 'does not fit,', run.budget.remaining('tokens'), 'tokens left');
        }
      },
      { from: builder.addSource(['one', 'two']) },
    );
  }
}

await runPipeline(Ask, { run: { budget: { tokens: 150 } } });

// prints
// one asked, 90 tokens left
// two does not fit, 90 tokens left
