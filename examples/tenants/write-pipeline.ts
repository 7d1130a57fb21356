import { pipeline, type PipelineBuilder, type PipelineContext, type PipelineDefinition } from 'heirline';
import { callModel } from './call-model.js';
import { API_KEY, Model, Models, Prices, Signature } from './keys.js';
import type { Answer, Sorted } from './tenant.js';
import { Watch } from './witness.js';

/** Writes the answer of one ticket with the tenant's model, and signs it. */
@pipeline({
  requires: { parameters: [Model, Signature], items: [Models, Prices, Watch], secrets: [API_KEY] },
})
export class WritePipeline implements PipelineDefinition<Sorted, Answer> {
  define(builder: PipelineBuilder<Sorted, Answer>): void {
    const draft = builder.addTransform(write, { name: 'draft', from: builder.addCompositeInput() });
    const signed = builder.addTransform(sign, { name: 'sign', from: draft });
    builder.connect(signed, builder.addCompositeOutput());
  }
}

async function write(ticket: Sorted, context: PipelineContext): Promise<Answer> {
  await context.items.require(Watch).look(ticket.tenant, context);
  const task = {
    name: 'write',
    model: context.parameters.require(Model),
    instructions: `Answer the customer in three friendly sentences about ${ticket.topic}. Promise nothing.`,
  };
  return { ...ticket, answer: await callModel(ticket, task, context) };
}

async function sign(answer: Answer, context: PipelineContext): Promise<Answer> {
  await context.items.require(Watch).look(answer.tenant, context);
  return { ...answer, answer: `${answer.answer} Yours, ${context.parameters.require(Signature)}` };
}
