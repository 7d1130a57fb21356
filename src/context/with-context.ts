import { isInstanceOf } from '../data/foreign-value.js';
import { invalidOption } from '../errors/option-rules.js';
import { currentContext, runInContext } from './ambient-context.js';
import type { ContextHolder } from './ambient-context.js';
import type { ContextFrame } from './context-frame.js';
import { callDisposers, disposalFailed } from './disposers.js';
import type { DisposerFailure } from './disposers.js';
import { handOut } from './handed-out.js';
import { PipelineContext, frameOf } from './pipeline-context.js';
import type { PipelineContextOptions } from './pipeline-context-options.js';
import { reportFailure } from './report-failure.js';
import { TemplateFrame } from './template-frame.js';

/**
 * Calls a function with a current context, for scripts and handlers outside of a run.
 *
 * It takes nothing from a context around it. When the function has settled, what was registered for disposal
 * meanwhile is disposed. A failure that nobody awaits is an error line of the context's logger, or a warning of the
 * process where there is none.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for wrong options, `DISPOSAL_FAILED` when the function succeeded but a disposer threw.
 *
 * @example
 * {@includeCode ../../examples/api/with-context.ts}
 */
export function withContext<T>(
  context: PipelineContext | PipelineContextOptions,
  fn: (context: PipelineContext) => T,
): Promise<Awaited<T>> {
  let frame: ContextFrame | undefined;
  const work = callIn(context, fn, (made) => {
    frame = made;
  });
  return handOut(work, (error) => {
    reportFailure(frame, error, 'a call of withContext failed, and nobody awaited it');
  });
}

async function callIn<T>(
  context: PipelineContext | PipelineContextOptions,
  fn: (context: PipelineContext) => T,
  begin: (frame: ContextFrame) => void,
): Promise<Awaited<T>> {
  if (typeof fn !== 'function')
    throw invalidOption('withContext', 'a function was expected after the context');
  const view = isInstanceOf(context, PipelineContext) ? context : new PipelineContext(context);
  const holder: ContextHolder = { context: view };
  const frame = frameOf(view);
  begin(frame);
  // The context of a running execution: its own end disposes it.
  if (!(frame instanceof TemplateFrame)) return await runInContext(holder, fn, view);
  const close = frame.open();
  const before = frame.disposerCount;
  const { run } = frame.services;
  const outer = currentContext();
  if (outer !== undefined) run.redactor.join(frameOf(outer).services.run.redactor);
  const end = async (): Promise<DisposerFailure[]> => {
    close();
    const failures = await runInContext(holder, callDisposers, frame.takeDisposers(before));
    // A run that it joins waits for its own.
    if (!run.isRunning) await run.reportUnbilled();
    return failures;
  };
  let result: Awaited<T>;
  try {
    result = await runInContext(holder, fn, view);
  } catch (error) {
    for (const failure of await end()) frame.report('error', { ...failure }, 'a disposer failed');
    throw error;
  }
  const failed = disposalFailed(await end());
  if (failed !== undefined) {
    run.redactor.error(failed);
    throw failed;
  }
  return result;
}
