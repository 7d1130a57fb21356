import { checkOptions, rule } from '../errors/option-rules.js';
import type { CloseOptions, RunManager } from './run-manager.js';

/** Which signals close a manager, and how long that may take. */
export interface CloseOnSignalsOptions extends CloseOptions {
  /** Their names. Default `SIGTERM` and `SIGINT`. */
  readonly signals?: readonly string[] | undefined;
}

/**
 * Closes a manager when the process gets a signal to end; gives the function that stops listening.
 *
 * It never exits the process: that ends by itself once nothing keeps it, with what else the service closes. A second
 * signal gets its default action.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 *
 * @example
 * {@includeCode ../../examples/api/close-on-signals.ts}
 */
export function closeOnSignals(manager: RunManager, options: CloseOnSignalsOptions = {}): () => void {
  checkOptions('closeOnSignals', options, { signals: rule.texts, timeoutMs: rule.timer });
  const { signals = ['SIGTERM', 'SIGINT'], timeoutMs } = options;
  const close = (): void => {
    stop();
    void manager.close({ timeoutMs });
  };
  const stop = (): void => {
    for (const signal of signals) process.removeListener(signal, close);
  };
  for (const signal of signals) process.on(signal, close);
  return stop;
}
