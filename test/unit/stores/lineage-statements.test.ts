import { describe, expect, it } from 'vitest';
import { lineageStatements } from '../../../src/stores/lineage-statements.js';
import { dialect, planOf } from '../support/statement-plan.js';

const statements = lineageStatements(dialect);

describe('a statement about lineage never goes through all records', () => {
  it.each([
    ['finds those of an item', statements.ofItem, /heirline_lineage_item \(item_key=\?\)/],
    ['finds the end of an item', statements.terminal, /heirline_lineage_item \(item_key=\?\)/],
    ['finds those with a key', statements.ofOutput, /heirline_lineage_output \(output_key=\?\)/],
    ['finds the ways with a node', statements.throughPath, /path_key=\?.*/],
    ['finds the items on a way', statements.throughPath, /heirline_lineage_way \(way_key=\?\)/],
    ['finds the records of these items', statements.throughPath, /heirline_lineage_item \(item_key=\?\)/],
    ['looks at passed records alone', statements.unresolved, /passed USING INDEX heirline_lineage_passed/],
    ['looks for their ends', statements.unresolved, /ended USING INDEX heirline_lineage_item/],
    ['reads records by their positions', statements.records, /INTEGER PRIMARY KEY \(rowid=\?\)/],
    ['prunes', statements.prune, /heirline_lineage_age \(happened_at<\?\)/],
    ['forgets a run', statements.forget(['runId']), /heirline_lineage_run \(run_key=\?\)/],
    ['forgets a tenant', statements.forget(['tenantId']), /heirline_lineage_tenant \(tenant_key=\?\)/],
    ['forgets a tenant in a run', statements.forget(['runId', 'tenantId']), /_(run|tenant) \(\w+=\?\)/],
  ])('%s', (_, statement, way) => {
    expect(planOf(statement)).toMatch(way);
    expect(planOf(statement)).not.toMatch(/SCAN heirline|SCAN ended/);
  });
});
