import { setMaxListeners } from 'node:events';
import { isInstanceOf, readProperty } from '../../data/foreign-value.js';

/** A scope, as far as a signal can cancel it. */
interface Cancellable {
  readonly path: string;
  cancel(given: unknown, path: string): void;
}

/** Cancels a scope when a user's signal aborts, at once if it has. Returns the function that stops listening. */
export function relaySignal(signal: AbortSignal | undefined, scope: Cancellable): () => void {
  if (signal === undefined) return () => undefined;
  const relay = (): void => {
    scope.cancel(readProperty(signal, 'reason'), scope.path);
  };
  // Many runs may share one signal, and each removes its listener: Node's warning about many listeners is switched off.
  if (isInstanceOf(signal, EventTarget)) setMaxListeners(0, signal);
  if (signal.aborted) relay();
  else signal.addEventListener('abort', relay, { once: true });
  return () => {
    signal.removeEventListener('abort', relay);
  };
}
