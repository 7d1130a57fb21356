/** Where a run stands: it waits, it runs, or it has ended in one of four ways. */
export type RunStatus = 'pending' | 'running' | 'success' | 'error' | 'timeout' | 'interrupted';

/** Every status, in the order in which a run can pass them. */
export const runStatuses = ['pending', 'running', 'success', 'error', 'timeout', 'interrupted'] as const;

/** The statuses of runs that have not ended: what a thread can have at most one running of. */
export const openStatuses = ['pending', 'running'] as const satisfies readonly RunStatus[];

/** The one table of transitions; managers and stores ask {@link canBecome}, and nothing else. */
const transitions: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  pending: ['running', 'interrupted', 'error'],
  running: ['success', 'error', 'timeout', 'interrupted'],
  success: [],
  error: [],
  timeout: [],
  interrupted: [],
};

/**
 * Whether a run may go from one status to another; from an ended run nothing leads on.
 *
 * @example
 * {@includeCode ../../examples/api/can-become.ts}
 */
export function canBecome(from: RunStatus, to: RunStatus): boolean {
  return transitions[from].includes(to);
}

/** Whether a run with this status has not ended yet. */
export function isOpen(status: RunStatus): boolean {
  return transitions[status].length > 0;
}
