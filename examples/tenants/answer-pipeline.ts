import { pipeline, type PipelineBuilder, type PipelineContext, type PipelineDefinition } from 'heirline';
import { callModel } from './call-model.js';
import { API_KEY, Model, Models, Prices, Signature } from './keys.js';
import type { Answer, Sorted, Ticket } from './tenant.js';
import { WritePipeline } from './write-pipeline.js';
import { Watch } from './witness.js';

/** Answers one ticket: finds its topic with a small model, and has the answer written in a sub-pipeline. */
@pipeline({
  requires: { parameters: [Model, Signature], items: [Models, Prices, Watch], secrets: [API_KEY] },
})
export class AnswerPipeline implements PipelineDefinition<Ticket, Answer> {
  define(builder: PipelineBuilder<Ticket, Answer>): void {
    const sorted = builder.addTransform(sort, { name: 'sort', from: builder.addCompositeInput() });
    const written = builder.addComposite(WritePipeline, {
      name: 'write',
      from: sorted,
      contextConfiguration: {
        inheritParentParameters: { pick: [Model, Signature] },
        inheritParentItems: { pick: [Models, Prices, Watch] },
      },
    });
    builder.connect(written, builder.addCompositeOutput());
  }
}

async function sort(ticket: Ticket, context: PipelineContext): Promise<Sorted> {
  await context.items.require(Watch).look(ticket.tenant, context);
  const task = {
    name: 'sort',
    model: 'swift-1',
    instructions: 'Name the topic in a word: parcel or account.',
  };
  await callModel(ticket, task, context);
  return { ...ticket, topic: /parcel|lamp|gift/.test(ticket.text) ? 'a parcel' : 'an account' };
}
