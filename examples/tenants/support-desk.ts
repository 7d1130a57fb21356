import { pipeline, type PipelineBuilder, type PipelineDefinition } from 'heirline';
import { AnswerPipeline } from './answer-pipeline.js';
import { API_KEY, Inbox, Model, Models, Outbox, Prices, Signature } from './keys.js';
import { Watch } from './witness.js';

/** Answers the tickets of one tenant; one object of it serves all tenants at once. */
@pipeline({
  name: 'desk',
  requires: { parameters: [Inbox, Model, Signature], items: [Models, Outbox, Prices, Watch] },
})
export class SupportDesk implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    const tickets = builder.addSource(({ parameters }) => parameters.require(Inbox), 'inbox');
    const answered = builder.addComposite(AnswerPipeline, {
      name: 'answer',
      from: tickets,
      contextConfiguration: {
        inheritParentParameters: { pick: [Model, Signature] },
        inheritParentItems: { pick: [Models, Prices, Watch] },
      },
      secrets: [API_KEY], // this one, whatever else the provider has
    });
    builder.addSink(
      async (answer, context) => {
        await context.items.require(Watch).look(answer.tenant, context);
        return context.items.require(Outbox)(answer);
      },
      { name: 'send', from: answered },
    );
  }
}
