import { describe, expect, test } from 'vitest';
import type { Blueprint, BlueprintNode } from '../../../src/builder/blueprint.js';
import { resolveOptions } from '../../../src/builder/option-shapes.js';
import { checkRequirements, requireKeys } from '../../../src/composition/requirements.js';
import type { RequiredKeys } from '../../../src/composition/requirements.js';
import type { ChildInheritance } from '../../../src/context/child-inheritance.js';
import { contextKey } from '../../../src/context/context-key.js';
import { makeGraph } from '../../../src/graph/pipeline-graph.js';
import { childOf, inheritance, rootFrame } from '../support/frames.js';
import { errorOf } from '../support/thrown.js';

/** A pipeline that requires keys, with composites. */
function blueprint(path: string, requires: RequiredKeys, nodes: readonly BlueprintNode[] = []): Blueprint {
  return {
    name: path,
    path,
    graph: makeGraph(path, [], [], new Map()),
    nodes,
    requires,
    requiredSchemas: [],
    requiredSecrets: [],
    through: [],
    settings: {},
    reads: new Map(),
    warnings: [],
  };
}

/** A composite that passes something to a child that requires keys. */
function composite(
  path: string,
  passed: ChildInheritance,
  requires: RequiredKeys,
  child?: Blueprint,
): BlueprintNode {
  return {
    id: path.split('/').at(-1) ?? path,
    kind: 'composite',
    path,
    metadata: {},
    isStream: false,
    options: resolveOptions({}),
    fallbacks: [],
    binding: undefined,
    composite: {
      definition: {},
      granularity: 'item',
      output: 'one',
      cancellable: false,
      inheritance: passed,
      passes: passed,
      valuesOf: undefined,
      input: undefined,
      combine: undefined,
      budget: undefined,
      requires,
      requiredSchemas: [],
      requiredSecrets: [],
      child,
      ancestors: [],
    },
  };
}

const log: RequiredKeys = [['items', 'log']];
const passesItems = inheritance({ inheritParentItems: true });

describe('before the first item', () => {
  test('the root must hold what it requires', () => {
    expect(() => {
      checkRequirements(blueprint('root', log), rootFrame({ items: { log: undefined } }));
    }).not.toThrow();
    const error = errorOf(() => {
      checkRequirements(blueprint('root', log), rootFrame({ parameters: { log: 1 } }));
    });
    expect({ code: error.code, path: error.path }).toEqual({
      code: 'CONTEXT_REQUIREMENT_UNMET',
      path: 'root',
    });
    expect(error.message).toContain("'log' is required in the items, but it is absent.");
    expect(error.message).toContain("Give it in the items of the run's context.");
  });

  test('what a child requires must be there for it to inherit', () => {
    const root = blueprint('root', [], [composite('root/child', passesItems, log)]);

    expect(() => {
      checkRequirements(root, rootFrame({ items: { log: 1 } }));
    }).not.toThrow();
    expect(
      errorOf(() => {
        checkRequirements(root, rootFrame());
      }).path,
    ).toBe('root/child');
  });

  test('is looked for through every level, and under the names that it is passed by', () => {
    const renames = inheritance({ inheritParentItems: { rename: { log: 'logger' } } });
    const child = blueprint('root/child', [], [composite('root/child/grandchild', passesItems, log)]);
    const root = blueprint('root', [], [composite('root/child', renames, [], child)]);

    expect(() => {
      checkRequirements(root, rootFrame({ items: { logger: 1 } }));
    }).not.toThrow();
    expect(
      errorOf(() => {
        checkRequirements(root, rootFrame({ items: { log: 1 } }));
      }).path,
    ).toBe('root/child/grandchild');
  });

  test('counts what a composite gives explicitly, also to the levels below', () => {
    const gives = inheritance({}, { items: { log: 1 } });
    const child = blueprint('root/child', log, [composite('root/child/grandchild', passesItems, log)]);

    expect(() => {
      checkRequirements(blueprint('root', [], [composite('root/child', gives, log, child)]), rootFrame());
    }).not.toThrow();
  });

  test('a local value is there for its own level only', () => {
    const Log = contextKey<number>('log', { local: true });
    const gives = inheritance({}, { items: [[Log, 1]] });
    const below = blueprint('root/child', [], [composite('root/child/grandchild', passesItems, log)]);

    expect(() => {
      checkRequirements(blueprint('root', [], [composite('root/child', gives, log)]), rootFrame());
    }).not.toThrow();
    expect(
      errorOf(() => {
        checkRequirements(blueprint('root', [], [composite('root/child', gives, log, below)]), rootFrame());
      }).path,
    ).toBe('root/child/grandchild');
    const locally = rootFrame({ items: [[Log, 1]] });
    expect(
      errorOf(() => {
        checkRequirements(blueprint('root', log, [composite('root/child', passesItems, log)]), locally);
      }).path,
    ).toBe('root/child');
  });
});

describe('when a child starts', () => {
  test('a key that is there is fine, an undefined one too', () => {
    const frame = rootFrame({ items: { log: undefined } });

    expect(() => {
      requireKeys(log, frame, 'root');
    }).not.toThrow();
  });

  test('a key that is withheld is named with the option that would pass it', () => {
    const frame = childOf(rootFrame({ items: { log: 1 } }));
    const error = errorOf(() => {
      requireKeys(log, frame, 'root/child');
    });

    expect(error.message).toContain("The composite 'root/child' does not pass it on.");
    expect(error.message).toContain("inheritParentItems: { pick: ['log'] }");
  });
});
