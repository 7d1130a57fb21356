import { limitsOf } from '../run/budget-limits.js';
import { silentLogger } from '../ports/logger.js';
import { CancelScope } from '../run/cancel-scope.js';
import { Redactor } from '../run/redactor.js';
import { relaySignal } from '../run/relay-signal.js';
import { RunContext } from '../run/run-context.js';
import { startedIdentity } from '../run/run-identity.js';
import { RunServices } from '../run/run-services.js';
import { runInContext } from './ambient-context.js';
import type { ContextHolder } from './ambient-context.js';
import { ContextFrame } from './context-frame.js';
import type { ContextSite } from './context-frame.js';
import { ContextServices } from './context-services.js';
import type { ServiceOptions } from './context-services.js';
import { dictionaryKinds } from './dictionary-kind.js';
import { PipelineContext } from './pipeline-context.js';
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
 */
export function rootContext(
  template: PipelineContext,
  site: ContextSite,
  services: ServiceOptions,
  outer: RunContext | undefined,
): RootContext {
  const origin = PipelineContext.frameOf(template);
  const given = origin instanceof TemplateFrame ? origin : undefined;
  const { runOptions = {}, joined: joinedRun } = given ?? {};
  const joined = joinedRun && RunContext.parts(joinedRun);
  // A run that joins another one writes where that does, unless it was told where.
  const logger = services.logger === silentLogger ? (joined?.logger ?? silentLogger) : services.logger;
  const above = joined ?? (outer && RunContext.parts(outer));
  const scope = new CancelScope(site.path, above?.scope, joined === undefined);
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
  for (const kind of dictionaryKinds) frame.dictionary(kind).takeLocalOf(origin.dictionary(kind));
  const root: RootContext = {
    frame,
    context: new PipelineContext(frame),
    release() {
      for (const stop of stops) stop();
      scope.close();
      run.close();
    },
  };
  scope.dispatchThrough((announce) => {
    runInContext(root, announce);
  });
  // A restored run has limits that nobody has watched yet.
  const { dormant } = above?.scope ?? {};
  const stops = [given?.relaySignals(scope), relaySignal(dormant?.signal, scope)].filter(
    (stop) => stop !== undefined,
  );
  scope.limitTo(earlier(given?.deadlineMs(), dormant?.deadlineMs));
  return root;
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}
