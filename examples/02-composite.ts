// A pipeline with an input and an output is a node of another pipeline: a composite.
// It runs once per item, and can itself be made of composites.
import { runPipeline, type PipelineBuilder, type PipelineDefinition } from 'heirline';

class Tax implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    const net = builder.addCompositeInput();
    const gross = builder.addTransform((price) => price * 1.2, { name: 'add', from: net });
    const rounded = builder.addTransform((price) => Math.round(price), { name: 'round', from: gross });
    builder.connect(rounded, builder.addCompositeOutput());
  }
}

class Price implements PipelineDefinition<string, string> {
  define(builder: PipelineBuilder<string, string>): void {
    const text = builder.addCompositeInput();
    const number = builder.addTransform((price) => Number(price), { name: 'parse', from: text });
    const taxed = builder.addComposite(Tax, { name: 'tax', from: number }); // only numbers may go in: Tax says so
    const label = builder.addTransform((price) => `${price} €`, { name: 'label', from: taxed });
    builder.connect(label, builder.addCompositeOutput());
  }
}

class Shop implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    const articles = builder.addSource(['10', '99', '349'], 'articles');
    const price = builder.addComposite(Price, { name: 'price', from: articles });
    builder.addSink((label) => console.log(label), { name: 'print', from: price });
  }
}

const result = await runPipeline(Shop);

console.log('\nEvery node has a path, whatever its depth:');
for (const [path, counts] of result.nodes) console.log(`${path.padEnd(22)} ${counts.out} items`);
