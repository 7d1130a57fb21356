import { hasMethod, isArray, isObject } from './foreign-value.js';

/** A stream of the web, as far as it is read. */
export interface WebStream {
  getReader(): {
    read(): Promise<IteratorResult<unknown>>;
    cancel(): Promise<unknown>;
    releaseLock(): void;
  };
}

/** A Node stream, a web stream or a readline interface, told by their methods: all give their items once. */
export function isStream(items: unknown): items is object {
  if (!isObject(items) || isArray(items)) return false;
  if (isWebStream(items)) return true;
  return hasMethod(items, 'on') && hasMethod(items, 'pause') && hasMethod(items, 'resume');
}

/** A stream of the web, told by its methods. */
export function isWebStream(items: object): items is WebStream {
  return hasMethod(items, 'getReader') && hasMethod(items, 'cancel');
}
