// A pipeline can say what it needs. With 'required' a composite passes exactly that, and what passes on below needs no
// mention in between. A parent that does not pass it fails when it is built, not in production.
import { buildPipeline, contextKey, pipeline, PipelineValidationError } from 'heirline';
import type { CompositeContextOptions, PipelineBuilder, PipelineDefinition } from 'heirline';

const ApiKey = contextKey<string>('ApiKey');

@pipeline({ name: 'geocode', requires: { parameters: [ApiKey] } })
class Geocode implements PipelineDefinition<string, string> {
  define(builder: PipelineBuilder<string, string>): void {
    builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
  }
}

@pipeline({ name: 'clean' })
class Clean implements PipelineDefinition<string, string> {
  define(builder: PipelineBuilder<string, string>): void {
    const trimmed = builder.addTransform((address) => address.trim(), {
      name: 'trim',
      from: builder.addCompositeInput(),
    });
    const geocode = builder.addComposite(Geocode, {
      name: 'geocode',
      from: trimmed,
      contextConfiguration: { inheritParentParameters: 'required' },
    });
    builder.connect(geocode, builder.addCompositeOutput());
  }
}

@pipeline({ name: 'addresses' })
class Addresses implements PipelineDefinition {
  constructor(readonly contextConfiguration: Partial<CompositeContextOptions>) {}

  define(builder: PipelineBuilder): void {
    const located = builder.addComposite(Clean, {
      name: 'locate',
      from: builder.addSource(['10 Downing Street'], 'source'),
      contextConfiguration: this.contextConfiguration,
    });
    builder.addSink(() => undefined, { name: 'sink', from: located });
  }
}

try {
  buildPipeline(new Addresses({}));
} catch (error) {
  if (!(error instanceof PipelineValidationError)) throw error;
  for (const { code, message } of error.errors) console.log(`${code}\n${message}\n`);
}

const graph = buildPipeline(new Addresses({ inheritParentParameters: 'required' }));
console.log(`With the key passed on, '${graph.name}' builds:\n${graph.describe()}`);
