import { isInstanceOf } from '../data/foreign-value.js';
import { setEntries } from './context-dictionary.js';
import { checkOptions } from '../errors/option-rules.js';
import { silentLogger } from '../ports/logger.js';
import { limitsOf } from '../run/spending/budget-limits.js';
import { CancelScope } from '../run/ending/cancel-scope.js';
import { relaySignal } from '../run/ending/relay-signal.js';
import { partsOf, RunContext } from '../run/run-context.js';
import { runContextRules } from '../run/run-context-options.js';
import type { RunContextOptions } from '../run/run-context-options.js';
import { Redactor } from '../run/secrets/redactor.js';
import { startedIdentity } from '../run/run-identity.js';
import { RunServices } from '../run/run-services.js';
import { EMPTY_LAYERS } from './base-layers.js';
import { ContextFrame } from './context-frame.js';
import { ContextServices } from './context-services.js';
import { dictionaryKinds } from './dictionary-kind.js';
import { checkServices, pipelineContextRules } from './pipeline-context-options.js';
import type { PipelineContextOptions } from './pipeline-context-options.js';

/** The state behind a context that a user made: what runs make their root contexts from. */
export class TemplateFrame extends ContextFrame {
  /** The run that a run with this template joins. */
  readonly joined: RunContext | undefined;
  /** The signal that the user gave beside the run. */
  readonly givenSignal: AbortSignal | undefined;
  /** What the user says about the run, unless it joins one. */
  readonly runOptions: RunContextOptions;

  /** @throws {@link PipelineError} `OPTION_INVALID` or `CONTEXT_KEY_INVALID` for wrong options. */
  constructor(options: PipelineContextOptions = {}) {
    checkServices('PipelineContext', options, pipelineContextRules);
    const joined = isInstanceOf(options.run, RunContext) ? options.run : undefined;
    const parts = joined && partsOf(joined);
    const runOptions = isInstanceOf(options.run, RunContext) ? {} : (options.run ?? {});
    checkOptions('run', runOptions, runContextRules);
    const identity = parts?.identity ?? startedIdentity(runOptions);
    const { logger = parts?.logger ?? silentLogger } = options;
    const services =
      parts?.services ??
      RunServices.open(runOptions, {
        identity,
        redactor: new Redactor(),
        logger,
        path: '',
        isRunning: false,
      });
    super(
      { path: '', pipelineName: '' },
      undefined,
      new ContextServices({ ...options, logger }, services),
      parts?.scope ?? new CancelScope(''),
      EMPTY_LAYERS,
      identity,
    );
    if (parts === undefined && runOptions.budget !== undefined)
      this.scope.limitBudget(limitsOf(runOptions.budget));
    this.givenSignal = options.signal;
    this.joined = joined;
    this.runOptions = runOptions;
    for (const kind of dictionaryKinds) setEntries(this.dictionary(kind), options[kind]);
  }

  /**
   * Makes a scope end when a signal that the user gave aborts, and at the user's deadline; gives the function that lifts that.
   *
   * @param joined the scope that it stands in, which may have limits that nobody has watched yet.
   * @param calledMs when the time of a `timeoutMs` began, where the work begins later: the process does not wait for it yet.
   */
  limit(scope: CancelScope, joined: CancelScope | undefined, calledMs?: number): () => void {
    const { timeoutMs, deadline, signal } = this.runOptions;
    const dormant = joined?.dormant;
    const stops = [this.givenSignal, signal, dormant?.signal].map((each) => relaySignal(each, scope));
    const limits = [
      timeoutMs === undefined ? undefined : (calledMs ?? scope.clock.now()) + timeoutMs,
      deadline === undefined ? undefined : Number(deadline),
      // That of a run that has ended is nobody's any more.
      joined?.run.isClosed === true ? joined.deadlineMs : dormant?.deadlineMs,
    ].filter((limit) => limit !== undefined);
    scope.limitTo(limits.length === 0 ? undefined : Math.min(...limits), calledMs === undefined);
    return () => {
      for (const stop of stops) stop();
      scope.limitTo(undefined);
    };
  }
}
