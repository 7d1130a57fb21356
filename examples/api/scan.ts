import { runPipeline, type PipelineBuilder } from 'heirline';
import { scan } from 'heirline/flow';

class Balance {
  define(builder: PipelineBuilder) {
    const amounts = builder.addSource([10, -3, 5]);
    const balances = builder.addStreamTransform(
      scan((balance, amount: number) => balance + amount, 0),
      { from: amounts },
    );
    builder.addSink((balance) => console.log(balance), { from: balances });
  }
}

await runPipeline(Balance);

// prints
// 10
// 7
// 12
