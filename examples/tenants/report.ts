import { BudgetExceededError, RunCancelledError, type CostSummary } from 'heirline';
import { table, whole } from '../format/table.js';
import type { DeskOutcome, TenantOutcome } from './serve-tenants.js';

/** The report of all tenants as text. */
export function report({ tenants, ledger, witness }: DeskOutcome): string {
  const crossings = tenants.reduce((sum, { tenant }) => sum + witness.crossings(tenant.name), 0);
  return [
    `Support desk: ${String(tenants.length)} tenants at once on one pipeline object`,
    '',
    table(
      [
        { title: 'tenant' },
        { title: 'status' },
        { title: 'why' },
        { title: 'answered', align: 'right' },
        { title: 'tokens', align: 'right' },
        { title: 'cost' },
        { title: '' },
      ],
      tenants.map((outcome) => [
        outcome.tenant.name,
        outcome.result.status,
        reason(outcome),
        `${String(outcome.answers.length)} of ${String(outcome.tenant.tickets.length)}`,
        whole(tokens(outcome.result.cost)),
        money(outcome.result.cost),
        `crossings ${String(witness.crossings(outcome.tenant.name))}`,
      ]),
    ),
    '',
    `${whole(witness.checks)} values compared, crossings ${String(crossings)}`,
    ...['amber', 'dune'].flatMap((name) => costReport(tenants.find(({ tenant }) => tenant.name === name))),
    '',
    'All tenants by model, from the one ledger',
    '',
    costs('model', [...ledger.total('model')].sort(byKey)),
  ].join('\n');
}

function reason({ error }: TenantOutcome): string {
  if (error instanceof BudgetExceededError) {
    const { kind, spent, limit } = error.budget;
    return `budget: ${whole(spent)} of ${whole(limit)} ${kind}`;
  }
  return error instanceof RunCancelledError ? `${error.kind}: ${error.reason.message ?? ''}` : '';
}

/** What one tenant is told of its costs: its own entries only. */
function costReport(outcome: TenantOutcome | undefined): string[] {
  if (outcome === undefined) return [];
  const { tenant, result } = outcome;
  const { cost } = result.context.run;
  return ['', `Costs of ${tenant.name} by node`, '', costs('node', cost.total('path'))];
}

function costs(title: string, rows: readonly CostSummary[]): string {
  return table(
    [
      { title },
      { title: 'calls', align: 'right' },
      { title: 'input', align: 'right' },
      { title: 'of it cached', align: 'right' },
      { title: 'output', align: 'right' },
      { title: 'cost' },
    ],
    rows.map((row) => [
      row.key ?? '',
      whole(row.calls),
      whole(row.inputTokens),
      whole(row.cachedTokens),
      whole(row.outputTokens),
      money([row]),
    ]),
  );
}

function tokens(cost: readonly CostSummary[]): number {
  return cost.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0);
}

/** Amounts of different currencies are not added up, and an unknown one is no 0. */
function money(cost: readonly CostSummary[]): string {
  return cost
    .map(({ amount, currency }) => (amount === null ? 'unknown' : `${amount.toFixed(6)} ${currency ?? ''}`))
    .join(' + ');
}

function byKey(one: CostSummary, other: CostSummary): number {
  return (one.key ?? '').localeCompare(other.key ?? '');
}
