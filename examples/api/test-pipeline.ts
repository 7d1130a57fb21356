import type { PipelineBuilder, PipelineDefinition } from 'heirline';
import { testPipeline } from 'heirline/testing';

class AddTax implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>) {
    const gross = builder.addTransform(
      (net, { parameters }) => net * (1 + parameters.require<number>('tax')),
      {
        name: 'add',
        from: builder.addCompositeInput(),
      },
    );
    builder.connect(gross, builder.addCompositeOutput());
  }
}

class Orders {
  define(builder: PipelineBuilder) {
    const gross = builder.addComposite(AddTax, { name: 'tax', from: builder.addSource([1], 'orders') });
    builder.addSink(() => undefined, { name: 'save', from: gross });
  }
}

const alone = await testPipeline(AddTax).withParameter('tax', 0.25).input([100, 200]).run();
console.log(alone.succeeded, alone.outputs);

const parent = await testPipeline(Orders)
  .withSource('orders', [10, 20])
  .withChild(AddTax, (net) => net + 1) // in the place of the sub-pipeline
  .run();
console.log(parent.sink('save'), parent.child(AddTax).inputs);

// prints
// true [ 125, 250 ]
// [ 11, 21 ] [ 10, 20 ]
