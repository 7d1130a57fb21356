import { describe, expect, it } from 'vitest';
import { describeService } from '../../../src/http/describe-service.js';
import { routes } from '../../../src/http/run-routes.js';

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
  readonly components: object;
}

describe('the description of the service', () => {
  const description = describeService('') as Description;

  it('has every request that is answered, and no other', () => {
    const described = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => [operationId, method.toUpperCase(), path]),
    );
    const answered = routes.map(({ action, method, path }) => [action, method, path]);
    expect(described.sort()).toEqual(answered.sort());
  });

  it('refers to nothing that it does not have', () => {
    const refs = [...JSON.stringify(description).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, ref = '']) => ref,
    );
    expect(refs.length).toBeGreaterThan(20);
    for (const ref of refs) {
      const found = ref
        .split('/')
        .reduce<unknown>((at, part) => Reflect.get(Object(at) as object, part), description);
      expect(found, ref).toBeTypeOf('object');
    }
  });
});
