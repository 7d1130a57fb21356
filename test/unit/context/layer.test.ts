import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ContextDictionary } from '../../../src/context/context-dictionary.js';
import { DELETED, EMPTY_LAYER, stack, StackedLayer } from '../../../src/context/layer.js';
import type { Entry, Layer } from '../../../src/context/layer.js';

const owner = { path: 'root', parentLinkage: undefined, hintFor: () => undefined, changed: () => undefined };

function entry(value: unknown): Entry {
  return { value, path: 'root' };
}

function layerOf(size: number): Layer {
  return stack(EMPTY_LAYER, new Map(Array.from({ length: size }, (_, n) => [`base-${String(n)}`, entry(n)])));
}

/** The layers that lie on top of each other, the top first. */
function* levels(layer: Layer): Generator<StackedLayer> {
  let level: Layer | undefined = layer;
  while (level instanceof StackedLayer) {
    yield level;
    level = level.below;
  }
}

/** How many entries, or marks of deleted ones, the layers hold together. */
function held(layer: Layer): number {
  return [...levels(layer)].reduce((sum, { entries }) => sum + entries.size, 0);
}

describe('a stacked layer', () => {
  test('answers from the top, and not at all for what is deleted', () => {
    const below = stack(
      EMPTY_LAYER,
      new Map([
        ['a', entry(1)],
        ['b', entry(2)],
        ['c', entry(3)],
      ]),
    );
    const layer = new StackedLayer(
      new Map([
        ['a', entry(10)],
        ['b', DELETED],
      ]),
      below,
    );

    expect(['a', 'b', 'c', 'd'].map((name) => layer.get(name)?.value)).toEqual([10, undefined, 3, undefined]);
    expect([...layer.all().keys()]).toEqual(['a', 'c']);
  });

  test('collects its entries once', () => {
    const layer = layerOf(3);

    expect(layer.all()).toBe(layer.all());
  });

  test('makes what a derivation gives once, so that children share it', () => {
    const layer = layerOf(1);
    let made = 0;
    const derivation = {
      derive: (parent: Layer) => {
        made += 1;
        return stack(parent, new Map([['x', entry(1)]]));
      },
    };

    expect(layer.derived(derivation)).toBe(layer.derived(derivation));
    expect(made).toBe(1);
    expect(layer.derived({ derive: () => EMPTY_LAYER })).toBe(EMPTY_LAYER);
  });
});

describe('stacking', () => {
  test('never changes what lies below', () => {
    const below = layerOf(2);
    stack(below, new Map([['base-0', entry('new')]]));

    expect(below.get('base-0')?.value).toBe(0);
    expect(EMPTY_LAYER.all().size).toBe(0);
  });

  test('keeps a large base as it is under a parent that writes one key between every two children', () => {
    const base = layerOf(10_000);
    let layer = base;
    for (let child = 0; child < 1000; child += 1) layer = stack(layer, new Map([['progress', entry(child)]]));

    expect([...levels(layer)].map(({ entries }) => entries.size)).toEqual([1, 10_000]);
    expect([...levels(layer)][1]).toBe(base);
    expect(layer.get('progress')?.value).toBe(999);
  });

  test('stays shallow under a parent that writes another key between every two children', () => {
    let layer: Layer = EMPTY_LAYER;
    let deepest = 0;
    for (let child = 0; child < 5000; child += 1) {
      layer = stack(layer, new Map([[`key-${String(child)}`, entry(child)]]));
      deepest = Math.max(deepest, [...levels(layer)].length);
    }

    expect(deepest).toBeLessThanOrEqual(14);
    expect(layer.all().size).toBe(5000);
  });

  test('copies an entry a few times only, however often the parent writes', () => {
    let layer: Layer = EMPTY_LAYER;
    let copied = 0;
    for (let child = 0; child < 4096; child += 1) {
      const before = new Set([...levels(layer)]);
      layer = stack(layer, new Map([[`key-${String(child)}`, entry(child)]]));
      for (const level of levels(layer)) if (!before.has(level)) copied += level.entries.size;
    }

    expect(copied / 4096).toBeLessThan(16);
  });

  test('forgets what was deleted once nothing lies below: memory follows what is there, not what was', () => {
    let layer: Layer = EMPTY_LAYER;
    for (let item = 0; item < 2000; item += 1) {
      const name = `request-${String(item)}`;
      layer = stack(layer, new Map([[name, entry(item)]]));
      layer = stack(layer, new Map([[name, DELETED]]));
    }

    expect(layer.all().size).toBe(0);
    expect(held(layer)).toBeLessThan(100);
  });
});

/** What a test does to one of the dictionaries; `who` counts them round. */
type Step =
  | { readonly does: 'set'; readonly who: number; readonly name: string; readonly value: number }
  | { readonly does: 'delete'; readonly who: number; readonly name: string }
  | { readonly does: 'seal'; readonly who: number }
  | { readonly does: 'list'; readonly who: number }
  | { readonly does: 'child'; readonly who: number };

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const who = fc.nat(7);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant('set' as const), who, name, value: fc.nat(99) }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('delete' as const), who, name }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('seal' as const), who }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('list' as const), who }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('child' as const), who }) },
  ),
  { maxLength: 60 },
);

describe('dictionaries that share layers', () => {
  test('behave as if each child had copied its parent, whatever is written, deleted and sealed where', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const family = [
          { real: new ContextDictionary(owner, 'items', EMPTY_LAYER), model: new Map<string, number>() },
        ];
        for (const step of sequence) {
          const member = family[step.who % family.length];
          if (member === undefined) throw new TypeError('a family has members');
          const { real, model } = member;
          switch (step.does) {
            case 'set':
              real.set(step.name, step.value);
              model.set(step.name, step.value);
              break;
            case 'delete':
              expect(real.delete(step.name)).toBe(model.delete(step.name));
              break;
            case 'seal':
              real.seal();
              break;
            case 'list':
              expect(real.size).toBe(model.size);
              break;
            case 'child':
              family.push({
                real: new ContextDictionary(owner, 'items', real.seal()),
                model: new Map(model),
              });
              break;
          }
        }
        for (const { real, model } of family) {
          expect(new Map(real.entries())).toEqual(model);
          for (const each of ['a', 'b', 'c', 'd', 'e']) {
            expect([real.has(each), real.get(each)]).toEqual([model.has(each), model.get(each)]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
