import { circuitBreaker, errorPolicy, PipelineRunner, type PipelineBuilder } from 'heirline';

let calls = 0;

function fetchRate(currency: string): string {
  calls += 1;
  throw new Error(`no rate of ${currency}: the service is down`);
}

class Rates {
  define(builder: PipelineBuilder) {
    const rates = builder.addTransform(fetchRate, {
      name: 'fetch-rate',
      from: builder.addSource(['EUR', 'USD', 'CHF', 'JPY', 'SEK']),
      circuitBreaker: circuitBreaker({ threshold: 3, windowMs: 10_000, openMs: 30_000 }),
      errorPolicy: errorPolicy('skip'),
    });
    builder.addSink((rate: string) => console.log(rate), { from: rates });
  }
}

const runner = new PipelineRunner();
await runner.run(Rates);
console.log(`${calls} calls for 5 items`);
for (const { path, state } of runner.circuits()) console.log(`${path} is ${state}`);

// prints
// 3 calls for 5 items
// Rates/fetch-rate is open
