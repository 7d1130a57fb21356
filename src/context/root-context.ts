import { limitsOf } from '../run/spending/budget-limits.js';
import type { Clock } from '../ports/clock.js';
import { silentLogger } from '../ports/logger.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { CancelScope } from '../run/ending/cancel-scope.js';
import { Redactor } from '../run/secrets/redactor.js';
import { partsOf } from '../run/run-context.js';
import type { RunContext } from '../run/run-context.js';
import type { RunContextOptions } from '../run/run-context-options.js';
import { startedIdentity } from '../run/run-identity.js';
import type { GivenIdentity } from '../run/run-identity.js';
import type { RunParts } from '../run/run-parts.js';
import { RunServices } from '../run/run-services.js';
import { runInContext } from './ambient-context.js';
import type { ContextHolder } from './ambient-context.js';
import { ContextFrame } from './context-frame.js';
import type { ContextSite } from './context-frame.js';
import { ContextServices } from './context-services.js';
import type { ServiceOptions } from './context-services.js';
import { frameOf, viewOf } from './pipeline-context.js';
import type { PipelineContext } from './pipeline-context.js';
import { TemplateFrame } from './template-frame.js';

/** The context at the top of a run. */
export interface RootContext extends ContextHolder {
  readonly frame: ContextFrame;
  /** Stops listening to the caller's signals, calls the deadline off, and closes what the run carries. */
  release(): void;
}

/** What may be said of a run beside its template. */
export type AddedOptions = RunContextOptions & GivenIdentity;

/**
 * Makes the context at the top of a run from a template; the template stays as it is.
 *
 * A context of another run in the place of a template gives its dictionaries and services, and whom the run acts for.
 *
 * @param outer the run in which this one is started: it is linked to that run by its ids, cancelled with it, and acts
 * for the same tenant.
 * @param clock what its time is told by; without one, that of the run above, else the system's.
 * @param calledMs when the run was asked for, where it begins later than this: no limit keeps the process alive before.
 * @param added what is said of the run over what the template says, where a manager has started it.
 * @throws {@link PipelineError} `OPTION_INVALID` where the run has the id of the one in which it is started.
 */
export function rootContext(
  template: PipelineContext,
  site: ContextSite,
  services: ServiceOptions,
  outer: RunContext | undefined,
  clock?: Clock,
  calledMs?: number,
  added?: AddedOptions,
): RootContext {
  const origin = frameOf(template);
  const given = origin instanceof TemplateFrame ? origin : undefined;
  const { runOptions = {}, joined: joinedRun } = given ?? {};
  const joined = joinedRun && partsOf(joinedRun);
  // A run that joins another one writes where that does, unless it was told where.
  const logger = services.logger === silentLogger ? (joined?.logger ?? silentLogger) : services.logger;
  const around = outer && partsOf(outer);
  const said = added === undefined ? runOptions : { ...runOptions, ...added };
  if (said.runId !== undefined && said.runId === around?.identity.get('runId'))
    throw ownParent(site.path, said.runId);
  const above = joined ?? around;
  const behalf = actedFor(around, given === undefined ? partsOf(template.run) : undefined, said.tenantId);
  // Where the run that it joins has ended, it goes on alone.
  const isOwnRun = joined === undefined || joined.scope.run.isClosed;
  const scope = new CancelScope(site.path, above?.scope, isOwnRun);
  if (clock !== undefined) scope.useClock(clock);
  if (said.budget !== undefined) scope.limitBudget(limitsOf(said.budget));
  const identity = joined?.identity ?? startedIdentity(said, above?.identity, behalf?.identity);
  const run =
    joined?.services.joined() ??
    RunServices.open(said, {
      identity,
      redactor: new Redactor(above?.services.redactor),
      logger,
      path: site.path,
      secrets: behalf?.services.secrets,
      isRunning: true,
    });
  // What it writes may hold what the run around has read.
  if (around !== undefined) run.redactor.join(around.services.redactor);
  const frame = new ContextFrame(
    site,
    undefined,
    new ContextServices({ ...services, logger }, run),
    scope,
    origin.layers(),
    identity,
  );
  frame.takeLocal(origin);
  const root: RootContext = {
    frame,
    context: viewOf(frame),
    release() {
      lift?.();
      scope.close();
      run.close();
    },
  };
  scope.dispatchThrough((announce) => {
    runInContext(root, announce);
  });
  const lift = given?.limit(scope, joined?.scope, calledMs);
  return root;
}

/**
 * The run for whose tenant and principal, and with whose secrets, a new run acts, as far as it is given none of its own.
 *
 * @param given the run of the context that the new one is given.
 * @param tenantId the tenant that its options name: of another one nothing is taken.
 */
function actedFor(
  around: RunParts | undefined,
  given: RunParts | undefined,
  tenantId: string | undefined,
): RunParts | undefined {
  // A context of nobody's would bring the secrets of the host into the run of a tenant.
  const isForNobody = given !== undefined && tenantOf(given) === undefined;
  const acted = given === undefined || (isForNobody && tenantOf(around) !== undefined) ? around : given;
  return tenantId === undefined || tenantId === tenantOf(acted) ? acted : undefined;
}

function tenantOf(parts: RunParts | undefined): string | undefined {
  return parts?.identity.get('tenantId');
}

/** The error of a run that would be its own parent. */
function ownParent(path: string, runId: string): PipelineError {
  return new PipelineError('OPTION_INVALID', {
    path,
    problem: `Wrong options of run: '${runId}' is the 'runId' of the run in which this one is started.`,
    remedy: 'Give run: context.run to go on in that run, or a runId of its own.',
  });
}
