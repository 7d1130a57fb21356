import { explainFailure } from '../format/explain-failure.js';
import { report } from './report.js';
import { serveTenants } from './serve-tenants.js';
import { tenants } from './tenant.js';

await explainFailure(async () => {
  console.log(report(await serveTenants(tenants)));
});
