import { CancelScope } from '../run/cancel-scope.js';
import { RunContext } from '../run/run-context.js';
import { RunIdentity } from '../run/run-identity.js';
import { runInContext } from './ambient-context.js';
import type { ContextHolder } from './ambient-context.js';
import { ContextFrame } from './context-frame.js';
import type { ContextSite } from './context-frame.js';
import type { ContextServices } from './context-services.js';
import { dictionaryKinds } from './dictionary-kind.js';
import { PipelineContext } from './pipeline-context.js';
import { TemplateFrame } from './template-frame.js';

/** The context at the top of a run. */
export interface RootContext extends ContextHolder {
  readonly frame: ContextFrame;
  /** Stops listening to the caller's signals and calls the deadline off. */
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
  services: ContextServices,
  outer: RunContext | undefined,
): RootContext {
  const origin = PipelineContext.frameOf(template);
  const given = origin instanceof TemplateFrame ? origin : undefined;
  const joined = given?.joined === undefined ? undefined : RunContext.parts(given.joined);
  const above = joined ?? (outer && RunContext.parts(outer));
  const scope = new CancelScope(site.path, above?.scope, joined === undefined);
  const identity = joined?.identity ?? new RunIdentity(given?.runOptions, above?.identity);
  const frame = new ContextFrame(site, undefined, services, scope, origin.layers(), identity);
  for (const kind of dictionaryKinds) frame.dictionary(kind).takeLocalOf(origin.dictionary(kind));
  const root: RootContext = {
    frame,
    context: new PipelineContext(frame),
    release() {
      stopRelays?.();
      scope.close();
    },
  };
  scope.dispatchThrough((announce) => {
    runInContext(root, announce);
  });
  const stopRelays = given?.relaySignals(scope);
  scope.limitTo(given?.deadlineMs());
  return root;
}
