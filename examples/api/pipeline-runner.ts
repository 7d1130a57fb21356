import { PipelineRunner, type PipelineBuilder, type PipelineDefinition } from 'heirline';

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

const runner = new PipelineRunner(); // one for the whole process: it compiles AddTax once
const context = { parameters: { tax: 0.5 } };

console.log(await runner.runItem(AddTax, 100, context)); // one item through a sub-pipeline
for await (const gross of runner.stream(AddTax, [200, 300], context)) console.log(gross);

// prints
// 150
// 300
// 450
