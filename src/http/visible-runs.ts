import { runNotFound } from '../errors/run-errors.js';
import type { ServedManager, ServedRuns } from './served-manager.js';

/** The runs that a request may see: those of its tenant, or without one those that have no tenant. */
export function visibleRuns(manager: ServedManager, tenantId: string | undefined): ServedRuns {
  return tenantId === undefined ? new RunsWithoutTenant(manager) : manager.forTenant(tenantId);
}

/** A manager shows all runs to the one who asks without a tenant; a request without a tenant sees nobody else's. */
class RunsWithoutTenant implements ServedRuns {
  readonly #manager: ServedManager;

  constructor(manager: ServedManager) {
    this.#manager = manager;
  }

  start: ServedRuns['start'] = (definition, options) => this.#manager.start(definition, options);

  get: ServedRuns['get'] = async (runId) => {
    const record = await this.#manager.get(runId);
    return record?.tenantId === undefined ? record : undefined;
  };

  list: ServedRuns['list'] = (options) => this.#manager.list({ ...options, tenantId: null });

  cancel: ServedRuns['cancel'] = async (runId, options) =>
    (await this.get(runId)) === undefined ? 'unknown' : await this.#manager.cancel(runId, options);

  wait: ServedRuns['wait'] = async (runId, options) => {
    await this.#require(runId);
    return await this.#manager.wait(runId, options);
  };

  subscribe: ServedRuns['subscribe'] = async (runId, options) => {
    await this.#require(runId);
    return await this.#manager.subscribe(runId, options);
  };

  session: ServedRuns['session'] = (threadId) => this.#manager.session(threadId);

  async #require(runId: string): Promise<void> {
    if ((await this.get(runId)) === undefined) throw runNotFound(runId);
  }
}
