/** Where inversify notes a class's injections; the one place in the engine that knows it. */
const INVERSIFY_CLASS_METADATA = '@inversifyjs/core/classMetadataReflectKey';

/** Whether a class is decorated for inversify: then nobody but a container can construct it. */
export function hasInjectionMetadata(type: object): boolean {
  // There without an import where reflect-metadata is loaded, and without it nothing is decorated.
  const { hasOwnMetadata } = Reflect as { hasOwnMetadata?: (key: string, target: object) => boolean };
  return hasOwnMetadata?.(INVERSIFY_CLASS_METADATA, type) === true;
}
