// A child gets nothing from its parent unless the composite says so, key by key if need be.
import { runPipeline, type PipelineBuilder, type PipelineContext, type PipelineDefinition } from 'heirline';

class Shop implements PipelineDefinition<string, string> {
  define(builder: PipelineBuilder<string, string>): void {
    const input = builder.addCompositeInput();
    const sell = builder.addTransform(sellArticle, { name: 'sell', from: input });
    builder.connect(sell, builder.addCompositeOutput());
  }
}

function sellArticle(article: string, context: PipelineContext): string {
  console.log(`The child that sells ${article} has`, context.parameters.toObject());
  for (const key of ['currency', 'rate', 'channel', 'password']) {
    const { hops } = context.explain(key);
    console.log(key.padEnd(9), hops.map(({ path, action }) => `${action} at ${path}`).join(', '));
  }
  return article;
}

class Market implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    const shop = builder.addComposite(Shop, {
      name: 'shop',
      from: builder.addSource(['tea'], 'articles'),
      contextConfiguration: {
        inheritParentParameters: { pick: ['currency'], rename: { rate: 'taxRate' } },
      },
      with: { parameters: { channel: 'web' } }, // set for this child only
    });
    builder.addSink(() => undefined, { name: 'sold', from: shop });
  }
}

await runPipeline(Market, { parameters: { currency: 'EUR', taxRate: 0.2, password: 'open sesame' } });
