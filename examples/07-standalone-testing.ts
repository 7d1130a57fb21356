// A sub-pipeline runs alone, and a parent runs with its children replaced.
import { contextKey, PipelineRunner, type PipelineBuilder, type PipelineDefinition } from 'heirline';
import { testPipeline } from 'heirline/testing';

const Rate = contextKey<number>('rate');

class Convert implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    const input = builder.addCompositeInput();
    const convert = builder.addTransform((amount, context) => amount * context.parameters.require(Rate), {
      from: input,
    });
    builder.connect(convert, builder.addCompositeOutput());
  }
}

class Invoices implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    const convert = builder.addComposite(Convert, {
      from: builder.addSource([100, 250], 'invoices'),
      contextConfiguration: { inheritParentParameters: { pick: [Rate] } },
    });
    builder.addSink(() => undefined, { name: 'ledger', from: convert });
  }
}

// One item through the sub-pipeline, with no parent anywhere.
console.log('alone:        ', await new PipelineRunner().runItem(Convert, 100, { parameters: { rate: 2 } }));

// The parent with a stub as its child; the stub records what the real child would have been given.
const test = testPipeline(Invoices).withParameter(Rate, 3).withSource('invoices', [1, 2, 3]);
const run = await test.withChild(Convert, (amount) => amount + 1000).run();
const { inputs, contexts } = run.child(Convert);
const rates = contexts.map(({ parameters }) => parameters.get(Rate));

console.log('in the ledger:', run.sink('ledger'));
console.log('child inputs: ', inputs);
console.log('child rates:  ', rates);
