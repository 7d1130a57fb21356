import { describe, expect, test } from 'vitest';
import type { ContextFrame } from '../../../src/context/context-frame.js';
import { contextKey } from '../../../src/context/context-key.js';
import type { DictionaryKind } from '../../../src/context/dictionary-kind.js';
import { explain } from '../../../src/context/explain.js';
import { PipelineContext, viewOf } from '../../../src/context/pipeline-context.js';
import { childOf, rootFrame } from '../support/frames.js';

/** The hops of a name, as text. */
function hops(frame: ContextFrame, name: string, kind: DictionaryKind = 'parameters'): string[] {
  return explain(frame, kind, name).hops.map(({ path, action }) => `${action} ${path}`);
}

const all = { inheritParentParameters: true };

describe('a value that is there', () => {
  test('was set at the root', () => {
    expect(hops(rootFrame({ parameters: { a: 1 } }), 'a')).toEqual(['set root']);
  });

  test('was inherited at each level, the nearest last', () => {
    const child = childOf(rootFrame({ parameters: { a: 1 } }), all);

    expect(hops(childOf(child, all), 'a')).toEqual([
      'set root',
      'inherited root/child',
      'inherited root/child/child',
    ]);
  });

  test('was renamed on the way', () => {
    const child = childOf(rootFrame({ parameters: { a: 1 } }), {
      inheritParentParameters: { rename: { b: 'a' } },
    });

    expect(hops(child, 'b')).toEqual(['set root', 'renamed root/child']);
    expect(hops(childOf(child, all), 'b')).toEqual([
      'set root',
      'renamed root/child',
      'inherited root/child/child',
    ]);
  });

  test('overrides what the child would have inherited, by its composite or by itself', () => {
    const root = rootFrame({ parameters: { a: 1 } });
    expect(hops(childOf(root, all, { parameters: { a: 2 } }), 'a')).toEqual([
      'set root',
      'overridden root/child',
    ]);

    const child = childOf(root, all);
    child.dictionary('parameters').set('a', 2);
    expect(hops(child, 'a')).toEqual(['set root', 'overridden root/child']);
  });

  test('is just set where nothing of that name would have come', () => {
    const root = rootFrame({ parameters: { a: 1 } });

    expect(hops(childOf(root, {}, { parameters: { a: 2 } }), 'a')).toEqual(['set root/child']);
    expect(hops(childOf(root, all, { parameters: { b: 2 } }), 'b')).toEqual(['set root/child']);
  });

  test('keeps its story when the parent changes its own value afterwards', () => {
    const root = rootFrame({ parameters: { a: 1 } });
    const child = childOf(root, all);
    root.dictionary('parameters').set('a', 2);

    expect(hops(child, 'a')).toEqual(['set root', 'inherited root/child']);
  });
});

describe('a key that is absent', () => {
  test('was withheld by the hop that did not pass it, named with its source', () => {
    expect(hops(childOf(rootFrame({ parameters: { a: 1 } })), 'a')).toEqual([
      'set root',
      'withheld root/child',
    ]);
  });

  test('was withheld further up', () => {
    const child = childOf(rootFrame({ parameters: { a: 1 } }));

    expect(hops(childOf(child, all), 'a')).toEqual(['set root', 'withheld root/child']);
  });

  test('has no hops where nobody on the way has it', () => {
    expect(hops(childOf(rootFrame(), all), 'a')).toEqual([]);
    expect(hops(rootFrame(), 'a')).toEqual([]);
  });

  test('is judged when asked: the parent has it now', () => {
    const root = rootFrame();
    const child = childOf(root, all);
    root.dictionary('parameters').set('a', 1);

    expect(hops(child, 'a')).toEqual(['set root']);
  });

  test('is looked for under the name that it would have been renamed from', () => {
    const child = childOf(rootFrame(), { inheritParentParameters: { rename: { b: 'a' } } });
    expect(hops(child, 'b')).toEqual([]);

    const withheld = childOf(childOf(rootFrame({ parameters: { a: 1 } })), {
      inheritParentParameters: { rename: { b: 'a' } },
    });
    expect(hops(withheld, 'b')).toEqual(['set root', 'withheld root/child']);
  });

  test('was withheld because it is local, under any inheritance', () => {
    const root = rootFrame({ parameters: [[contextKey('a', { local: true }), 1]] });

    expect(hops(childOf(root, all), 'a')).toEqual(['set root', 'withheld root/child']);
  });
});

test('what is told is frozen', () => {
  const provenance = explain(rootFrame({ parameters: { a: 1 } }), 'parameters', 'a');

  expect(
    Object.isFrozen(provenance) && Object.isFrozen(provenance.hops) && Object.isFrozen(provenance.hops[0]),
  ).toBe(true);
});

describe('context.explain', () => {
  test('finds the dictionary that has the key, unless one is named', () => {
    const context = new PipelineContext({ items: { a: 1 } });

    expect(context.explain('a')).toEqual({ dictionary: 'items', hops: [{ path: '', action: 'set' }] });
    expect(context.explain('a', 'parameters')).toEqual({ dictionary: 'parameters', hops: [] });
  });

  test('ends in the default of a key that has one', () => {
    const frame = childOf(rootFrame({ parameters: { a: 1 } }));
    const context = viewOf(frame, undefined, frame.scope);
    const actions = context.explain(contextKey('a', { default: 0 })).hops.map(({ action }) => action);

    expect(actions).toEqual(['set', 'withheld', 'default']);
    expect(context.explain(contextKey('b', { default: 0 })).hops).toEqual([
      { path: 'root/child', action: 'default' },
    ]);
  });
});
