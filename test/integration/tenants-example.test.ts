import { beforeAll, describe, expect, it } from 'vitest';
import { readPrices, type PriceTable } from '../../examples/tenants/price-table.js';
import { serveTenants, vaultOf } from '../../examples/tenants/serve-tenants.js';
import type { DeskOutcome, TenantOutcome } from '../../examples/tenants/serve-tenants.js';
import { tenants } from '../../examples/tenants/tenant.js';

describe('the tenants example', () => {
  let desk: DeskOutcome;
  let prices: PriceTable;

  beforeAll(async () => {
    prices = await readPrices();
    desk = await serveTenants(tenants);
  });

  const outcomeOf = (name: string): TenantOutcome => {
    const outcome = desk.tenants.find(({ tenant }) => tenant.name === name);
    if (outcome === undefined) throw new Error(`there is no tenant '${name}'`);
    return outcome;
  };

  it('answers all tickets of 18 of 20 tenants', () => {
    expect(desk.tenants).toHaveLength(20);
    const succeeded = desk.tenants.filter(({ result }) => result.status === 'succeeded');
    expect(succeeded).toHaveLength(18);
    for (const { tenant, answers, error } of succeeded) {
      expect(error).toBeUndefined();
      expect(answers.map(({ id }) => id)).toEqual(tenant.tickets.map(({ id }) => id));
    }
  });

  it('ends one run by its budget and one by its user, in the middle, and leaves the others alone', () => {
    const { error: overspent, answers } = outcomeOf('heath');
    expect(overspent).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      budget: { kind: 'tokens', limit: 450, path: 'desk' },
    });
    expect(answers.length).toBeGreaterThan(0);

    const { error: left, answers: read } = outcomeOf('nettle');
    expect(left).toMatchObject({ code: 'RUN_CANCELLED', kind: 'user' });
    expect(read).toHaveLength(3);
  });

  it('lets no node see anything of another tenant', () => {
    const seen = desk.tenants.map(({ tenant }) => desk.witness.crossings(tenant.name));
    expect(seen).toEqual(tenants.map(() => 0));
    // Ten values in each of four nodes for each ticket, and the account of each call.
    const answered = desk.tenants.reduce((sum, { answers }) => sum + answers.length, 0);
    expect(desk.witness.checks).toBeGreaterThanOrEqual(answered * 42);
  });

  it('would see it, if a tenant were given the key of another', async () => {
    const [first, second, third] = tenants;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('too few tenants');
    const { witness } = await serveTenants([first, second, third], (tenant) =>
      vaultOf(tenant === second ? third : tenant),
    );
    expect([first, second, third].map(({ name }) => witness.crossings(name) > 0)).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('bills each tenant for its own calls, at the prices of the table', () => {
    for (const { tenant, billed, result } of desk.tenants) {
      const own = billed.filter(({ callId }) => callId.startsWith(`${tenant.name}-`));
      expect(own).toEqual(billed);
      for (const currency of ['USD', 'EUR']) {
        const sum = billed.reduce((total, { model, inputTokens, cachedTokens, outputTokens }) => {
          const price = prices.get(model);
          if (price?.currency !== currency) return total;
          const { inputPerMillion, cachedInputPerMillion = inputPerMillion, outputPerMillion } = price;
          const fresh = inputTokens - cachedTokens;
          return (
            total +
            (fresh * inputPerMillion +
              cachedTokens * cachedInputPerMillion +
              outputTokens * outputPerMillion) /
              1e6
          );
        }, 0);
        const row = result.cost.find((summary) => summary.currency === currency);
        expect(row?.amount ?? 0).toBeCloseTo(sum, 12);
      }
    }
    expect(desk.ledger.entries).toHaveLength(desk.tenants.flatMap(({ billed }) => billed).length);
  });

  it('knows no amount for a model without a price', () => {
    expect(prices.has('preview-x')).toBe(false);
    const { result } = outcomeOf('dune');
    expect(result.context.run.cost.total('model')).toContainEqual(
      expect.objectContaining({ key: 'preview-x', currency: null, amount: null, calls: 8 }),
    );
  });
});
