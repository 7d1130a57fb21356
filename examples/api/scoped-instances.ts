import 'reflect-metadata';
import { Container } from 'inversify';
import { PipelineRunner, type PipelineBuilder, type PipelineDefinition } from 'heirline';
import { perExecution, perRun } from 'heirline/inversify';

let made = 0;
const unitOfWork = () => ({ number: ++made, dispose: () => console.log('disposed') });

const container = new Container();
container.bind('one per run').toDynamicValue(perRun(unitOfWork)).inTransientScope();
container.bind('one per item').toDynamicValue(perExecution(unitOfWork)).inTransientScope();

class Save implements PipelineDefinition<string, string> {
  define(builder: PipelineBuilder<string, string>) {
    const save = (item: string) => {
      const numbers = ['one per run', 'one per item', 'one per item'].map(
        (name) => container.get<{ number: number }>(name).number,
      );
      return `${item}: ${numbers.join(', ')}`;
    };
    const saved = builder.addTransform(save, { from: builder.addCompositeInput() });
    builder.connect(saved, builder.addCompositeOutput());
  }
}

class Orders {
  define(builder: PipelineBuilder) {
    const saved = builder.addComposite(Save, { from: builder.addSource(['order 1', 'order 2']) });
    builder.addSink((line) => console.log(line), { from: saved });
  }
}

await new PipelineRunner({ container }).run(Orders);

// prints
// disposed
// order 1: 1, 2, 2
// disposed
// order 2: 1, 3, 3
// disposed
