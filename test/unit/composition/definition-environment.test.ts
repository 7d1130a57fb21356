import { describe, expect, test, vi } from 'vitest';
import { DEFAULT_MAX_DEPTH, DefinitionEnvironment } from '../../../src/composition/definition-environment.js';
import type { NodeContainer, NodeIdentifier } from '../../../src/ports/node-container.js';
import { errorOf, misuse } from '../support/thrown.js';

class Orders {
  define(): void {
    // Describes nothing.
  }
}
class Returns extends Orders {}

/** A container with bindings that count how often they are resolved. */
function containerOf(bindings: ReadonlyMap<NodeIdentifier, () => unknown>) {
  const get = vi.fn((type: NodeIdentifier) => bindings.get(type)?.());
  const container: NodeContainer = { isBound: (type) => bindings.has(type), get: misuse(get) };
  return { container, get };
}

describe('resolving a definition', () => {
  test('takes what is bound from the container, once per environment', () => {
    const { container, get } = containerOf(new Map([[Orders, () => new Orders()]]));
    const environment = new DefinitionEnvironment(container);

    expect(environment.resolve(Orders, 'root')).toBe(environment.resolve(Orders, 'root'));
    expect(get).toHaveBeenCalledTimes(1);
  });

  test('makes what is not bound afresh, and takes an instance as it is', () => {
    const { container, get } = containerOf(new Map());
    const environment = new DefinitionEnvironment(container);
    const instance = new Orders();

    expect(environment.resolve(Orders, 'root')).not.toBe(environment.resolve(Orders, 'root'));
    expect(environment.resolve(instance, 'root')).toBe(instance);
    expect(get).not.toHaveBeenCalled();
  });

  test('lets a stand-in go first', () => {
    const standIn = new Returns();
    const { container, get } = containerOf(new Map([[Orders, () => new Orders()]]));
    const environment = new DefinitionEnvironment(container, 3, (source) =>
      source === Orders ? standIn : undefined,
    );

    expect(environment.resolve(Orders, 'root')).toBe(standIn);
    expect(environment.resolve(Returns, 'root')).not.toBe(standIn);
    expect(environment.maxDepth).toBe(3);
    expect(get).not.toHaveBeenCalled();
  });

  test('names what the container threw', () => {
    const failing = (): never => {
      throw new RangeError('no database');
    };
    const { container } = containerOf(new Map([[Orders, failing]]));
    const error = errorOf(() => new DefinitionEnvironment(container).resolve(Orders, 'root/orders'));

    expect({ code: error.code, path: error.path }).toEqual({
      code: 'DEFINITION_INVALID',
      path: 'root/orders',
    });
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  test('allows 32 levels unless told otherwise', () => {
    expect(DEFAULT_MAX_DEPTH).toBe(32);
    expect(new DefinitionEnvironment(undefined).maxDepth).toBe(32);
  });
});

describe('two environments agree', () => {
  test('while the container gives the same instance', () => {
    const kept = new Orders();
    const { container } = containerOf(new Map([[Orders, () => kept]]));
    const before = new DefinitionEnvironment(container);
    before.resolve(Orders, 'root');

    expect(new DefinitionEnvironment(container).agreesWith(before)).toBe(true);
  });

  test('not when it gives another one', () => {
    const { container } = containerOf(new Map([[Orders, () => new Orders()]]));
    const before = new DefinitionEnvironment(container);
    before.resolve(Orders, 'root');

    expect(new DefinitionEnvironment(container).agreesWith(before)).toBe(false);
    expect(new DefinitionEnvironment(undefined).agreesWith(before)).toBe(false);
  });

  test('not when a class that was made has been bound since', () => {
    const bindings = new Map<NodeIdentifier, () => unknown>();
    const { container } = containerOf(bindings);
    const before = new DefinitionEnvironment(container);
    before.resolve(Orders, 'root');
    expect(new DefinitionEnvironment(container).agreesWith(before)).toBe(true);
    bindings.set(Orders, () => new Orders());

    expect(new DefinitionEnvironment(container).agreesWith(before)).toBe(false);
  });
});
