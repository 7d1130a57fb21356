import { isCancelReason } from '../errors/cancel-reason.js';
import type { CancelScope } from './cancel-scope.js';

/** Cancels a scope when a caller's signal aborts, at once if it has; gives the function that stops listening. */
export function relaySignal(signal: AbortSignal | undefined, scope: CancelScope): () => void {
  if (signal === undefined) return () => undefined;
  const relay = (): void => {
    const cause: unknown = signal.reason;
    if (isCancelReason(cause)) scope.cancel(cause, scope.path, cause);
    else scope.cancel({ kind: 'user' }, scope.path, cause);
  };
  if (signal.aborted) relay();
  else signal.addEventListener('abort', relay, { once: true });
  return () => {
    signal.removeEventListener('abort', relay);
  };
}
