import { isObject, readProperty } from '../data/foreign-value.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import type { CancelReason } from '../errors/cancel-reason.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { StopRequest } from './own-run.js';
import { cancelActions } from './run-record.js';
import type { CancelAction } from './run-record.js';
import { shown } from './start-options.js';

/** How a run is cancelled. */
export interface CancelOptions {
  /** Default `interrupt`. The first action that was recorded for a run stays. */
  readonly action?: CancelAction | undefined;
  /**
   * Words for people, or a reason of the kind `user`, `superseded` or `shutdown`; the kind becomes the `stopReason` of
   * the run. Nodes of this process see the words.
   */
  readonly reason?: string | CancelReason | undefined;
}

const kinds = ['user', 'superseded', 'shutdown'] as const;

const reasonRule = (value: unknown): string | undefined =>
  typeof value === 'string' || (isObject(value) && kinds.some((kind) => kind === readProperty(value, 'kind')))
    ? undefined
    : `a text, or a reason of the kind ${kinds.map((kind) => `'${kind}'`).join(' or ')}`;

/**
 * Judges what a cancel was given.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`, `ACTION_UNKNOWN`.
 */
export function stopRequestOf(options: CancelOptions = {}): StopRequest {
  checkOptions('cancel', options, { action: rule.anything, reason: reasonRule });
  const { action = 'interrupt', reason } = options;
  if (!cancelActions.includes(action)) {
    throw new PipelineError('ACTION_UNKNOWN', {
      problem: `There is no action ${shown(action)}.`,
      remedy: `Use ${cancelActions.map((known) => `'${known}'`).join(' or ')}.`,
    });
  }
  if (typeof reason !== 'object') return { action, reason: 'user', message: reason };
  const kind = kinds.find((known) => known === reason.kind) ?? 'user';
  return { action, reason: kind, message: typeof reason.message === 'string' ? reason.message : undefined };
}
