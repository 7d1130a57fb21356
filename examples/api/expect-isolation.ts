import type { PipelineBuilder } from 'heirline';
import { expectIsolation, IsolationError } from 'heirline/testing';

let shared = ''; // the fault: all runs write to it

class Greet {
  define(builder: PipelineBuilder) {
    const customer = builder.addSource(
      ({ parameters }) => [parameters.require<string>('customer')],
      'customer',
    );
    const noted = builder.addTransform(async (name: string) => ((shared = name), undefined), {
      from: customer,
    });
    builder.addSink(() => shared, {
      from: builder.addTransform(() => shared, { name: 'read', from: noted }),
    });
  }
}

try {
  await expectIsolation(Greet, {
    runs: 10,
    context: (run) => ({ parameters: { customer: `customer ${run}` } }),
  });
} catch (error) {
  if (!(error instanceof IsolationError)) throw error;
  // Each crossing says where, too: its path is that of the node that saw another run's value.
  console.log(error.code, error.crossings[0]?.origin);
}

// prints
// ISOLATION_BROKEN parameters.customer
