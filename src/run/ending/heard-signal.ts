import { getEventListeners } from 'node:events';
import { readProperty } from '../../data/foreign-value.js';

/** The name of the private field in which Node keeps the signals that `AbortSignal.any` has made of another. */
const DEPENDANTS = 'kDependantSignals';

/** Whether a signal of our own has listeners, or is one of those of which `AbortSignal.any` has made another. */
export function isHeard(signal: AbortSignal): boolean {
  return getEventListeners(signal, 'abort').length > 0 || hasDependants(signal);
}

/** What `AbortSignal.any` gives is no listener of its signals: Node tells it in a way of its own. */
function hasDependants(signal: AbortSignal): boolean {
  const field = Object.getOwnPropertySymbols(signal).find(({ description }) => description === DEPENDANTS);
  const count = field && readProperty(Reflect.get(signal, field), 'size');
  return typeof count === 'number' && count > 0;
}
