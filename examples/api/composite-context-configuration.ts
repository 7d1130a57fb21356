import { CompositeContextConfiguration, runPipeline } from 'heirline';
import type { PipelineBuilder, PipelineContext } from 'heirline';

class Child {
  define(builder: PipelineBuilder<string, string>) {
    const tell = (_item: string, { parameters }: PipelineContext) =>
      [...parameters.keys()].join(', ') || 'nothing';
    const told = builder.addTransform(tell, { from: builder.addCompositeInput() });
    builder.connect(told, builder.addCompositeOutput());
  }
}

class Parent {
  constructor(readonly contextConfiguration: CompositeContextConfiguration) {}

  define(builder: PipelineBuilder) {
    const { contextConfiguration } = this;
    const child = builder.addComposite(Child, { from: builder.addSource(['item']), contextConfiguration });
    builder.addSink((keys) => console.log(`the child sees ${keys}`), { from: child });
  }
}

const parameters = { region: 'eu', currency: 'EUR', password: 'open sesame' };
const { default: nothing, inheritAll } = CompositeContextConfiguration;
const some = CompositeContextConfiguration.create({ inheritParentParameters: { omit: ['password'] } });
for (const configuration of [nothing, inheritAll, some])
  await runPipeline(new Parent(configuration), { parameters });

// prints
// the child sees nothing
// the child sees region, currency, password
// the child sees region, currency
