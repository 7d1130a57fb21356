import { setTimeout as sleep } from 'node:timers/promises';
import { CostLedger, PipelineError, PipelineRunner, Secret } from 'heirline';
import type { CostEntry, RunResult, SecretProvider } from 'heirline';
import { API_KEY, Inbox, Model, Models, Outbox, Prices, Signature } from './keys.js';
import { ModelService } from './model-service.js';
import { readPrices } from './price-table.js';
import { SupportDesk } from './support-desk.js';
import type { Answer, Tenant } from './tenant.js';
import { Watch, Witness } from './witness.js';

/** What became of one tenant's request. */
export interface TenantOutcome {
  readonly tenant: Tenant;
  readonly answers: readonly Answer[];
  /** Of a request that did not succeed, too. */
  readonly result: RunResult;
  readonly error: PipelineError | undefined;
  /** What billing was told, entry by entry. */
  readonly billed: readonly CostEntry[];
}

export interface DeskOutcome {
  readonly tenants: readonly TenantOutcome[];
  readonly ledger: CostLedger;
  readonly witness: Witness;
}

/** A tenant's own vault: it answers after a while, and knows this tenant's key alone. */
export function vaultOf({ apiKey }: Tenant): SecretProvider {
  return {
    async resolve(name) {
      await sleep(2);
      return name === API_KEY ? Secret.of(apiKey) : undefined;
    },
  };
}

/** Serves all tenants at once, with one runner, one pipeline object and one ledger. */
export async function serveTenants(
  tenants: readonly Tenant[],
  secretsOf: (tenant: Tenant) => SecretProvider = vaultOf,
): Promise<DeskOutcome> {
  const runner = new PipelineRunner({ requireTenant: true });
  const desk = new SupportDesk();
  const models = new ModelService(new Map(tenants.map(({ apiKey, name }) => [apiKey, name])));
  const prices = await readPrices();
  const witness = new Witness(tenants);
  const bills = new Map<string | undefined, CostEntry[]>(tenants.map(({ name }) => [name, []]));
  const ledger = new CostLedger({ onEntry: (entry, { tenantId }) => bills.get(tenantId)?.push(entry) });

  const serve = async (tenant: Tenant): Promise<TenantOutcome> => {
    const { name, signature, model, tickets, budget, leavesAfter } = tenant;
    const user = new AbortController();
    const answers: Answer[] = [];
    const outbox = (answer: Answer): void => {
      if (answers.push(answer) === leavesAfter) user.abort({ kind: 'user', message: 'the page was closed' });
    };
    const ended = (result: RunResult, error?: PipelineError): TenantOutcome => {
      return { tenant, answers, result, error, billed: bills.get(name) ?? [] };
    };
    try {
      const result = await runner.run(desk, {
        parameters: [
          [Inbox, tickets],
          [Signature, signature],
          [Model, model],
        ],
        items: [
          [Models, models],
          [Prices, prices],
          [Watch, witness],
          [Outbox, outbox],
        ],
        signal: user.signal,
        run: {
          tenantId: name,
          principal: { desk: name },
          correlationId: `request of ${name}`,
          secrets: secretsOf(tenant),
          cost: ledger,
          budget,
        },
      });
      return ended(result);
    } catch (error) {
      if (!(error instanceof PipelineError) || error.result === undefined) throw error;
      return ended(error.result, error);
    }
  };

  return { tenants: await Promise.all(tenants.map(serve)), ledger, witness };
}
