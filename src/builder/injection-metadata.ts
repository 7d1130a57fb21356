import { prototypeOf } from '../data/foreign-value.js';

/** Where inversify notes a class's injections; the one place that knows it. */
const INVERSIFY_CLASS_METADATA = '@inversifyjs/core/classMetadataReflectKey';

/**
 * Whether a class is decorated for inversify: then nobody but a container can construct it.
 *
 * So is a subclass without a constructor of its own: it has the one of the decorated class.
 */
export function hasInjectionMetadata(type: object): boolean {
  // There without an import where reflect-metadata is loaded, and without it nothing is decorated.
  const { hasOwnMetadata } = Reflect as { hasOwnMetadata?: (key: string, target: object) => boolean };
  if (hasOwnMetadata === undefined) return false;
  let at: object | null = type;
  while (typeof at === 'function') {
    if (hasOwnMetadata(INVERSIFY_CLASS_METADATA, at)) return true;
    if (hasOwnConstructor(at)) return false;
    at = prototypeOf(at);
  }
  return false;
}

/** Whether a class says how it is constructed; a function that is no class does. */
function hasOwnConstructor(type: object): boolean {
  const text = Function.prototype.toString.call(type);
  return !/^class\b/.test(text) || /\bconstructor\s*\(/.test(text);
}
