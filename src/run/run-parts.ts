import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { CancelScope } from './ending/cancel-scope.js';
import type { RunIdentity } from './run-identity.js';
import type { RunServices } from './run-services.js';

/** The objects behind a run context. */
export interface RunParts {
  readonly identity: RunIdentity;
  readonly scope: CancelScope;
  readonly services: RunServices;
  readonly logger: Logger;
  /** Makes the clock for the code of one execution. Absent where nothing is executed: the run's own is shown. */
  readonly openClock?: () => Clock;
}
