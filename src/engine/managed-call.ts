import type { AddedOptions, RootContext } from '../context/root-context.js';
import type { ExecutionObserver } from '../ports/execution-observer.js';
import type { IdentityFields } from '../run/run-fields.js';

/** Ids of the run that another run was started in; kept by value, as the started run may outlive it. */
export type RunLinks = Partial<Pick<IdentityFields, 'parentRunId' | 'rootRunId'>>;

/** Additions of a run manager to one run. */
export interface ManagedCall {
  /** Receives the events of the root execution, beside the run's other observers. */
  readonly observer: ExecutionObserver;
  /** Options of the run that override those of the template; the manager has checked them. */
  readonly said: AddedOptions;
  /** Called with the root context before the run starts. */
  readonly opened: (root: RootContext) => void;
}
