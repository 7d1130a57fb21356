import { getEventListeners } from 'node:events';
import { readProperty } from '../../data/foreign-value.js';

/** Name of Node's private field for the signals that `AbortSignal.any` has derived from a signal. */
const DEPENDANTS = 'kDependantSignals';

/** True if a signal has abort listeners, or `AbortSignal.any` has derived another signal from it. */
export function isHeard(signal: AbortSignal): boolean {
  return getEventListeners(signal, 'abort').length > 0 || hasDependants(signal);
}

/** True if `AbortSignal.any` has derived signals from this one; Node does not count these as listeners. */
function hasDependants(signal: AbortSignal): boolean {
  const field = Object.getOwnPropertySymbols(signal).find(({ description }) => description === DEPENDANTS);
  const count = field && readProperty(Reflect.get(signal, field), 'size');
  return typeof count === 'number' && count > 0;
}
