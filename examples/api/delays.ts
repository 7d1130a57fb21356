import { errorPolicy, exponential, linear, runPipeline, type PipelineBuilder } from 'heirline';

class BusyError extends Error {}
class TooManyCallsError extends BusyError {
  readonly retryAfterMs = 7;
}
let tries = 0;

function fetchPrice(article: string) {
  if (++tries < 4) throw tries === 1 ? new TooManyCallsError('later') : new BusyError('down');
  return `${article}: 4.20 after ${tries} tries`;
}

const backOff = exponential(5, { maxMs: 1000, jitter: 'full' }); // up to 5, 10, 20 ms ...
const steady = linear(2); // 2, 4, 6 ms ...

class Prices {
  define(builder: PipelineBuilder) {
    const prices = builder.addTransform(fetchPrice, {
      from: builder.addSource(['tea']),
      errorPolicy: errorPolicy(
        // what the service asks for, where it does
        {
          on: TooManyCallsError,
          then: { retry: { attempts: 3, delay: (_, error: TooManyCallsError) => error.retryAfterMs } },
        },
        { on: BusyError, then: { retry: { attempts: 5, withinMs: 10_000, delay: backOff } } },
        { then: { retry: { attempts: 2, delay: steady } } },
      ),
    });
    builder.addSink((line) => console.log(line), { from: prices });
  }
}

await runPipeline(Prices);

// prints
// tea: 4.20 after 4 tries
