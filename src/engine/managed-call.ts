import type { AddedOptions, RootContext } from '../context/root-context.js';
import type { ExecutionObserver } from '../ports/execution-observer.js';
import type { IdentityFields } from '../run/run-fields.js';

/** The run that another one was started in, which it may outlive. */
export type RunLinks = Partial<Pick<IdentityFields, 'parentRunId' | 'rootRunId'>>;

/** What a manager adds to one run. */
export interface ManagedCall {
  /** Gets the events of the run, beside the observers that the run has anyway. */
  readonly observer: ExecutionObserver;
  /** What the manager says of the run: over what the template says, and nowhere judged again. */
  readonly said: AddedOptions;
  /** Called with the root of the run before anything starts. */
  readonly opened: (root: RootContext) => void;
}
