import { silentLogger } from '../../../src/ports/logger.js';
import { CancelScope } from '../../../src/run/ending/cancel-scope.js';
import { Redactor } from '../../../src/run/secrets/redactor.js';
import type { RunContextOptions } from '../../../src/run/run-context-options.js';
import { RunIdentity } from '../../../src/run/run-identity.js';
import type { RunParts } from '../../../src/run/run-parts.js';
import { RunServices } from '../../../src/run/run-services.js';

/** What a run shares with its children. */
export function runServices(
  options: RunContextOptions = {},
  identity = new RunIdentity(),
  isRunning = true,
): RunServices {
  const redactor = new Redactor();
  return RunServices.open(options, { identity, redactor, logger: silentLogger, path: '', isRunning });
}

/** What lies behind a run context. */
export function runParts(given: Partial<RunParts> = {}, options: RunContextOptions = {}): RunParts {
  const identity = given.identity ?? new RunIdentity();
  return {
    identity,
    scope: new CancelScope('orders'),
    services: runServices(options, identity),
    logger: silentLogger,
    ...given,
  };
}
