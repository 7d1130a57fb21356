import { limitsOf } from '../run/budget-limits.js';
import type { Clock } from '../ports/clock.js';
import { silentLogger } from '../ports/logger.js';
import { CancelScope } from '../run/cancel-scope.js';
import { Redactor } from '../run/redactor.js';
import { partsOf } from '../run/run-context.js';
import type { RunContext } from '../run/run-context.js';
import { startedIdentity } from '../run/run-identity.js';
import { RunServices } from '../run/run-services.js';
import { runInContext } from './ambient-context.js';
import type { ContextHolder } from './ambient-context.js';
import { takeLocalEntries } from './context-dictionary.js';
import { ContextFrame } from './context-frame.js';
import type { ContextSite } from './context-frame.js';
import { ContextServices } from './context-services.js';
import type { ServiceOptions } from './context-services.js';
import { dictionaryKinds } from './dictionary-kind.js';
import { PipelineContext, frameOf } from './pipeline-context.js';
import { TemplateFrame } from './template-frame.js';

/** The context at the top of a run. */
export interface RootContext extends ContextHolder {
  readonly frame: ContextFrame;
  /** Stops listening to the caller's signals, calls the deadline off, and closes what the run carries. */
  release(): void;
}

/**
 * Makes the context at the top of a run from a template; the template stays as it is.
 *
 * @param outer the run in which this one is started: it is linked to that run by its ids, and cancelled with it.
 * @param clock what its time is told by; without one, that of the run above, else the system's.
 */
export function rootContext(
  template: PipelineContext,
  site: ContextSite,
  services: ServiceOptions,
  outer: RunContext | undefined,
  clock?: Clock,
): RootContext {
  const origin = frameOf(template);
  const given = origin instanceof TemplateFrame ? origin : undefined;
  const { runOptions = {}, joined: joinedRun } = given ?? {};
  const joined = joinedRun && partsOf(joinedRun);
  // A run that joins another one writes where that does, unless it was told where.
  const logger = services.logger === silentLogger ? (joined?.logger ?? silentLogger) : services.logger;
  const around = outer && partsOf(outer);
  const above = joined ?? around;
  if (around !== undefined) joined?.services.redactor.join(around.services.redactor);
  // Where the run that it joins has ended, it goes on alone.
  const isOwnRun = joined === undefined || joined.scope.run.isClosed;
  const scope = new CancelScope(site.path, above?.scope, isOwnRun);
  if (clock !== undefined) scope.useClock(clock);
  if (runOptions.budget !== undefined) scope.limitBudget(limitsOf(runOptions.budget));
  const identity = joined?.identity ?? startedIdentity(runOptions, above?.identity);
  const run =
    joined?.services.joined() ??
    RunServices.open(runOptions, {
      identity,
      redactor: new Redactor(above?.services.redactor),
      logger,
      path: site.path,
      isRunning: true,
    });
  const frame = new ContextFrame(
    site,
    undefined,
    new ContextServices({ ...services, logger }, run),
    scope,
    origin.layers(),
    identity,
  );
  for (const kind of dictionaryKinds) takeLocalEntries(frame.dictionary(kind), origin.dictionary(kind));
  const root: RootContext = {
    frame,
    context: new PipelineContext(frame),
    release() {
      lift?.();
      scope.close();
      run.close();
    },
  };
  scope.dispatchThrough((announce) => {
    runInContext(root, announce);
  });
  const lift = given?.limit(scope, joined?.scope);
  return root;
}
