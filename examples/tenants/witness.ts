import { contextKey, requireContext, type PipelineContext } from 'heirline';
import { API_KEY, Model, Signature } from './keys.js';
import type { Tenant } from './tenant.js';

/** Compares what a node sees with what the tenant of its item must see, and counts what differs. */
export class Witness {
  readonly #tenants: ReadonlyMap<string, Tenant>;
  readonly #crossings = new Map<string, number>();
  #checks = 0;

  constructor(tenants: readonly Tenant[]) {
    this.#tenants = new Map(tenants.map((tenant) => [tenant.name, tenant]));
  }

  /** How many values were compared. */
  get checks(): number {
    return this.#checks;
  }

  /** How many of them were not the tenant's. */
  crossings(tenant: string): number {
    return this.#crossings.get(tenant) ?? 0;
  }

  /** Looks at all that a node can see of its tenant; the provider answers later, so other tenants run meanwhile. */
  async look(owner: string, { run, parameters }: PipelineContext): Promise<void> {
    const tenant = this.#tenants.get(owner);
    const before = requireContext().run.tenantId;
    const apiKey = await run.secrets.get(API_KEY);
    const after = requireContext();
    this.#compare(owner, [
      [run.tenantId, owner],
      [run.correlationId, `request of ${owner}`],
      [run.principal?.['desk'], owner],
      [run.budget.limits.tokens, tenant?.budget?.tokens],
      [apiKey.reveal(), tenant?.apiKey],
      [parameters.get(Signature), tenant?.signature],
      [parameters.get(Model), tenant?.model],
      // What code sees that was given no context.
      [before, owner],
      [after.run.tenantId, owner],
      [after.parameters.get(Signature), tenant?.signature],
    ]);
  }

  /** Looks at the account that a service has seen. */
  lookAtAccount(owner: string, account: string | undefined): void {
    this.#compare(owner, [[account, owner]]);
  }

  #compare(owner: string, pairs: readonly (readonly [seen: unknown, expected: unknown])[]): void {
    this.#checks += pairs.length;
    const wrong = pairs.filter(([seen, expected]) => seen !== expected).length;
    this.#crossings.set(owner, this.crossings(owner) + wrong);
  }
}

/** Where nodes find the witness of all tenants. */
export const Watch = contextKey<Witness>('watch');
