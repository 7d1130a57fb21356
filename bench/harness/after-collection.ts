import type { Workload } from './contender.js';

/** What a workload is called where everything is collected between its runs. */
export function collectedName(name: string): string {
  return `${name}, after a collection`;
}

/**
 * The same work after full collections.
 *
 * What a collection costs is paid once per run, so the number of items matters: it is the same whatever the settings.
 */
export function afterCollection(workload: Workload): Workload {
  return { ...workload, name: collectedName(workload.name), state: 'collected', isFixed: true };
}
