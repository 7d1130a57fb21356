// What a child writes stays in the child: its parent and the child of the next item never see it.
import { contextKey, runPipeline } from 'heirline';
import type { PipelineBuilder, PipelineContext, PipelineDefinition } from 'heirline';

const Settings = contextKey<{ limit: number }>('settings');

class Scribbler implements PipelineDefinition<string, string> {
  define(builder: PipelineBuilder<string, string>): void {
    const scribble = builder.addTransform(write, { name: 'scribble', from: builder.addCompositeInput() });
    builder.connect(scribble, builder.addCompositeOutput());
  }
}

function write(item: string, { parameters }: PipelineContext): string {
  console.log(`${item} finds `, parameters.toObject());
  try {
    parameters.require(Settings).limit = 0; // what is inherited is frozen
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.log(`${item} cannot change it in place`);
  }
  parameters.update(Settings, (settings) => (settings.limit = 99)); // changes a copy
  parameters.set('note', `seen ${item}`);
  console.log(`${item} leaves`, parameters.toObject());
  return item;
}

class Main implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    const child = builder.addComposite(Scribbler, {
      from: builder.addSource(['item 1', 'item 2'], 'source'),
      contextConfiguration: { inheritParentParameters: true },
    });
    builder.addSink(() => undefined, { name: 'sink', from: child });
  }
}

const result = await runPipeline(Main, { parameters: { settings: { limit: 10 } } });
console.log('the parent has', result.context.parameters.toObject());
