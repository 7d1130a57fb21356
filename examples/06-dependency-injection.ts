// Node classes that are bound in an inversify container come from it, at every level, with what they need.
import 'reflect-metadata';
import { Container, inject, injectable } from 'inversify';
import { PipelineRunner, TransformNode, type PipelineBuilder, type PipelineDefinition } from 'heirline';

const Glossary = Symbol('Glossary');

@injectable()
class Translate extends TransformNode<string, string> {
  constructor(@inject(Glossary) private readonly glossary: ReadonlyMap<string, string>) {
    super();
  }

  transform(word: string): string {
    return `${word} → ${this.glossary.get(word) ?? '?'}`;
  }
}

class ToGerman implements PipelineDefinition<string, string> {
  define(builder: PipelineBuilder<string, string>): void {
    const translate = builder.addTransform(Translate, { from: builder.addCompositeInput() });
    builder.connect(translate, builder.addCompositeOutput());
  }
}

class Words implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    const words = builder.addSource(['heir', 'line', 'loom'], 'words');
    const german = builder.addComposite(ToGerman, { from: words });
    builder.addSink((line) => console.log(line), { name: 'print', from: german });
  }
}

const container = new Container();
container.bind(Glossary).toConstantValue(new Map(Object.entries({ heir: 'Erbe', line: 'Linie' })));
container.bind(Translate).toSelf();

await new PipelineRunner({ container }).run(Words);
