import { limitsOf } from '../run/spending/budget-limits.js';
import { CancelScope } from '../run/ending/cancel-scope.js';
import { Redactor } from '../run/secrets/redactor.js';
import { partsOf } from '../run/run-context.js';
import { startedIdentity } from '../run/run-identity.js';
import { RunServices } from '../run/run-services.js';
import { runInContext } from './ambient-context.js';
import type { ContextHolder } from './ambient-context.js';
import { CapturedFrame } from './captured-frame.js';
import { ContextFrame } from './context-frame.js';
import { ContextServices } from './context-services.js';
import { CopiedFrame } from './copied-frame.js';
import { frameOf, viewOf } from './pipeline-context.js';
import type { PipelineContext } from './pipeline-context.js';
import { TemplateFrame } from './template-frame.js';

/** The context of one call: a copy of the one that was given, which ends with the call. */
export interface CallContext extends ContextHolder {
  readonly frame: ContextFrame;
  /** Stops listening to the caller's signals, and calls the deadline off. */
  release(): void;
}

/**
 * Makes the context in which one function is called; what is given stays as it is, so calls at once never meet.
 *
 * Of a run's context the copy keeps the run: its ids, secrets, costs and cancelling. Of a template it begins anew.
 */
export function callContext(given: PipelineContext): CallContext {
  const origin = frameOf(given);
  const template = origin instanceof TemplateFrame ? origin : undefined;
  const keptRun = template === undefined ? given.run : template.joined;
  const kept = keptRun && partsOf(keptRun);
  // A run that has ended, and a capture, are no run that the call could cancel for others too.
  const isAlone = kept === undefined || kept.scope.run.isClosed || origin instanceof CapturedFrame;
  const scope = new CancelScope(origin.path, kept?.scope, isAlone);
  const frame =
    template === undefined
      ? new CopiedFrame(origin, scope, origin.identity)
      : templateCopy(template, scope, kept === undefined);
  const call: CallContext = {
    frame,
    context: viewOf(frame, given.currentNodeId),
    release() {
      lift?.();
      scope.close();
    },
  };
  scope.dispatchThrough((announce) => {
    runInContext(call, announce);
  });
  const lift = template?.limit(scope, kept?.scope);
  return call;
}

function templateCopy(template: TemplateFrame, scope: CancelScope, isOwn: boolean): ContextFrame {
  const { site, services, runOptions } = template;
  if (runOptions.budget !== undefined) scope.limitBudget(limitsOf(runOptions.budget));
  const identity = isOwn ? startedIdentity(runOptions) : template.identity;
  const run = isOwn
    ? RunServices.open(runOptions, {
        identity,
        redactor: new Redactor(),
        logger: services.logger,
        path: site.path,
        isRunning: false,
      })
    : services.run;
  const frame = new ContextFrame(
    site,
    undefined,
    new ContextServices(services, run),
    scope,
    template.layers(),
    identity,
  );
  frame.takeLocal(template);
  return frame;
}
