import { ignoreRejection, isInstanceOf, isThenable } from '../data/foreign-value.js';
import { dictionaryKinds } from '../context/dictionary-kind.js';
import { PipelineContext } from '../context/pipeline-context.js';
import type { PipelineContextOptions } from '../context/pipeline-context-options.js';
import { invalidOption, rule } from '../engine/node-replacement.js';
import type { Logger, LogMethod } from '../ports/logger.js';
import { RunContext } from '../run/run-context.js';
import type { RunContextOptions } from '../run/run-context-options.js';
import type { SecretProvider } from '../run/secrets/secret-provider.js';
import { createSession } from '../run/session/session-state.js';
import { Secret } from '../run/secrets/secret.js';
import type { IsolationWatch } from './isolation-watch.js';

/** The parameter, and the property, that every run gets a value of its own for. */
const MARKER_KEY = 'isolationMarker';

/** What one run starts with. */
export interface IsolatedRun {
  readonly run: number;
  readonly context: PipelineContext;
  /** The user's own. */
  readonly secrets: SecretProvider | undefined;
}

/**
 * Marks what a run starts with, and watches what it carries.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for a context that cannot be a run's own.
 */
export function isolatedRun(run: number, given: PipelineContextOptions, watch: IsolationWatch): IsolatedRun {
  const { words } = watch;
  if (isThenable(given)) {
    ignoreRejection(given);
    throw invalidOption('expectIsolation', "'context' must give the options at once, not a promise of them");
  }
  if (
    rule.object(given) !== undefined ||
    isInstanceOf(given, PipelineContext) ||
    isInstanceOf(given.run, RunContext)
  ) {
    throw invalidOption(
      'expectIsolation',
      "'context' must be options: a context or run that exists would be shared",
    );
  }
  const options: RunContextOptions = given.run ?? {};
  const context = new PipelineContext({
    ...given,
    logger: watchedLogger(given.logger, run, watch),
    deadLetterSink: {
      write: (envelope) => {
        watch.look(run, envelope.path, 'deadLetter', envelope);
        return given.deadLetterSink?.write(envelope);
      },
    },
    run: {
      ...options,
      runId: words.marker(run, 'runId'),
      tenantId: options.tenantId ?? words.marker(run, 'tenantId'),
      correlationId: options.correlationId ?? words.marker(run, 'correlationId'),
      secrets: watchedSecrets(options.secrets, run, watch),
      session: options.session ?? createSession(),
    },
  });
  const { tenantId, principal, threadId, correlationId } = options;
  watch.given(run, 'run', { tenantId, principal, threadId, correlationId }, false);
  for (const kind of dictionaryKinds) watch.given(run, kind, context[kind].toObject(), true);
  for (const kind of ['parameters', 'properties'] as const)
    context[kind].set(MARKER_KEY, words.marker(run, `${kind}.${MARKER_KEY}`));
  return { run, context, secrets: options.secrets };
}

/** Gives a marked value for every name; what a provider of the user gives counts where it differs from run to run. */
function watchedSecrets(
  given: SecretProvider | undefined,
  run: number,
  watch: IsolationWatch,
): SecretProvider {
  return {
    resolve: async (name) => {
      const origin = `secrets.${name}`;
      // Asked in the context of the code that reads the secret.
      watch.lookAtCurrent(run);
      if (given === undefined) return Secret.of(watch.words.marker(run, origin));
      const secret = await given.resolve(name);
      if (watch.comparesSecrets && isInstanceOf(secret, Secret))
        watch.words.add(secret.reveal(), run, origin);
      return secret;
    },
  };
}

/** Looks at each line, and at the context that is current where it is written. */
function watchedLogger(given: Logger | undefined, run: number, watch: IsolationWatch): Logger {
  const watched =
    (level: keyof Logger): LogMethod =>
    (fields, message) => {
      const path = String(fields['path']);
      watch.lookAtCurrent(run, path);
      watch.look(run, path, 'log', { ...fields, message });
      return given?.[level](fields, message);
    };
  return {
    trace: watched('trace'),
    debug: watched('debug'),
    info: watched('info'),
    warn: watched('warn'),
    error: watched('error'),
  };
}
