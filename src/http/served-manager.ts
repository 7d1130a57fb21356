import type { RunManager } from '../runs/run-manager.js';
import type { TenantRuns } from '../runs/tenant-runs.js';

type Asked = 'start' | 'get' | 'list' | 'cancel' | 'wait' | 'subscribe' | 'session';

/** The runs that a request may see, as the handler asks for them. */
export type ServedRuns = Pick<TenantRuns, Asked>;

/** What a handler of requests needs of a manager: a `RunManager` is one, and so may be something around it. */
export interface ServedManager extends Pick<RunManager, Asked> {
  /** The runs of one tenant, and nothing of others. */
  forTenant(tenantId: string): ServedRuns;
}
