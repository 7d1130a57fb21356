import { setMaxListeners } from 'node:events';
import { isInstanceOf, readProperty } from '../../data/foreign-value.js';

/** What a signal can cancel. */
interface Cancellable {
  readonly path: string;
  cancel(given: unknown, path: string): void;
}

/** Cancels a scope when a caller's signal aborts, at once if it has; gives the function that stops listening. */
export function relaySignal(signal: AbortSignal | undefined, scope: Cancellable): () => void {
  if (signal === undefined) return () => undefined;
  const relay = (): void => {
    scope.cancel(readProperty(signal, 'reason'), scope.path);
  };
  // Many runs may share a caller's signal: each listens, and each leaves at its end. Only Node counts listeners.
  if (isInstanceOf(signal, EventTarget)) setMaxListeners(0, signal);
  if (signal.aborted) relay();
  else signal.addEventListener('abort', relay, { once: true });
  return () => {
    signal.removeEventListener('abort', relay);
  };
}
