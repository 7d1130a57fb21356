import type { PipelineContext } from 'heirline';
import { API_KEY, Models, Prices } from './keys.js';
import type { Ticket } from './tenant.js';
import { Watch } from './witness.js';

/** What to ask a model about a ticket. */
export interface Task {
  readonly name: string;
  readonly model: string;
  readonly instructions: string;
}

/** Calls a model with the tenant's own key, and books what it cost under the path of the node. */
export async function callModel(ticket: Ticket, task: Task, context: PipelineContext): Promise<string> {
  const { items, run, signal } = context;
  const { name, model, instructions } = task;
  const apiKey = await run.secrets.get(API_KEY);
  const { account, text, usage } = await items
    .require(Models)
    .complete({ apiKey: apiKey.reveal(), model, instructions, text: ticket.text, signal });
  items.require(Watch).lookAtAccount(ticket.tenant, account);
  // Without a price the amount is unknown, which is not 0.
  const price = items.require(Prices).get(model);
  run.cost.record({ callId: `${ticket.id}/${name}`, model, ...usage, price });
  return text;
}
