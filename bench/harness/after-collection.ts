import type { Workload } from './contender.js';

/** What a workload is called where everything is collected between its runs. */
export function collectedName(name: string): string {
  return `${name}, after a collection`;
}

/** The same work after full collections; a run has the same items whatever the settings. */
export function afterCollection(workload: Workload): Workload {
  // What a collection costs is paid once per run, so a first look must not have shorter runs.
  return { ...workload, name: collectedName(workload.name), state: 'collected', isFixed: true };
}
