import { report } from './report.js';
import { serveTenants } from './serve-tenants.js';
import { tenants } from './tenant.js';

console.log(report(await serveTenants(tenants)));
