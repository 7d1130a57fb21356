import { circuitBreaker, CircuitOpenError, PipelineRunner, type PipelineBuilder } from 'heirline';

class Rates {
  define(builder: PipelineBuilder) {
    builder.addSink(
      () => {
        throw new Error('the service is down');
      },
      {
        name: 'fetch-rate',
        from: builder.addSource(['EUR']),
        circuitBreaker: circuitBreaker({ threshold: 1, windowMs: 10_000, openMs: 30_000 }),
      },
    );
  }
}

const runner = new PipelineRunner();
await runner.run(Rates).catch(() => undefined);
try {
  await runner.run(Rates);
} catch (error) {
  if (!(error instanceof CircuitOpenError)) throw error;
  console.log(error.code, error.path, error.retryAfterMs > 29_000);
}

// prints
// CIRCUIT_OPEN Rates/fetch-rate true
