import type { TenantRuns } from '../runs/tenant-runs.js';

/** The methods that a handler calls. */
export type ServedMethod = 'start' | 'get' | 'list' | 'cancel' | 'wait' | 'subscribe' | 'session';

/** The runs that a request may see, as the handler asks for them. */
export type ServedRuns = Pick<TenantRuns, ServedMethod>;

/** What a handler of requests needs of a manager: a `RunManager` is one, and so may be something around it. */
export interface ServedManager {
  /** The runs of one tenant, or with null those without a tenant; nothing of others. */
  forTenant(tenantId: string | null): ServedRuns;
}
