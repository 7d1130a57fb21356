import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { ContextDictionary, sealedLayer } from '../../../src/context/context-dictionary.js';
import { CompiledSelection, SelectedLayer } from '../../../src/context/key-selection.js';
import { DELETED, EMPTY_LAYER, stack, StackedLayer } from '../../../src/context/layer.js';
import type { Entry, Layer } from '../../../src/context/layer.js';

const owner = { path: 'root', parentLinkage: undefined, hintFor: () => undefined, changed: () => undefined };

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');

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

  test('lists its entries once a chain was gone down as often as it is long; the layers below stay as they are', () => {
    const base = layerOf(3);
    const middle = new StackedLayer(new Map([['middle', entry('middle')]]), base);
    const top = new StackedLayer(new Map([['base-1', DELETED]]), middle);
    const names = ['base-0', 'base-1', 'base-2', 'middle', 'nowhere'];
    const expected = [0, undefined, 2, 'middle', undefined];
    const lookUp = vi.spyOn(middle.entries as Map<string, Entry>, 'get');
    const lists = [middle, base].map((layer) => vi.spyOn(layer, 'all'));

    for (let round = 0; round < 5; round += 1) {
      expect(names.map((each) => top.get(each)?.value)).toEqual(expected);
    }
    expect(lookUp).toHaveBeenCalledTimes(top.weight);
    for (const list of lists) expect(list).not.toHaveBeenCalled();
    expect([...top.all().keys()]).toEqual(['base-0', 'base-2', 'middle']);
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

  test('takes what was written as it is where it repeats the names of the layer below, in any number', () => {
    for (const names of [['a'], ['a', 'b', 'c']]) {
      const written = (value: number): Map<string, Entry> =>
        new Map(names.map((each) => [each, entry(value)]));
      const latest = written(2);
      for (const base of [EMPTY_LAYER, layerOf(100)]) {
        const layer = stack(stack(base, written(1)), latest);

        expect([...levels(layer)][0]?.entries).toBe(latest);
        expect([...levels(layer)].length).toBe(base === EMPTY_LAYER ? 1 : 2);
      }
    }
  });

  test('gives the layer below where nothing is left to put on it', () => {
    const base = layerOf(100);
    const request = stack(base, new Map([['request', entry(1)]]));

    expect(stack(request, new Map([['request', DELETED]]))).toBe(base);
    expect(stack(layerOf(1), new Map([['base-0', DELETED]]))).toBe(EMPTY_LAYER);
  });

  test('keeps the order in which names were first set, however they are merged', () => {
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(name, { minLength: 1 }), { maxLength: 20 }), (writes) => {
        let layer: Layer = layerOf(3);
        for (const names of writes) layer = stack(layer, new Map(names.map((each) => [each, entry(0)])));

        expect([...layer.all().keys()]).toEqual([
          ...new Set(['base-0', 'base-1', 'base-2', ...writes.flat()]),
        ]);
      }),
    );
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

  test('does not grow with the number of writes', () => {
    let same: Layer = EMPTY_LAYER;
    let circling: Layer = layerOf(100);
    for (let item = 0; item < 100_000; item += 1) {
      same = stack(same, new Map([['progress', entry(item)]]));
      circling = stack(circling, new Map([[`base-${String(item % 100)}`, entry(item)]]));
    }

    expect(held(same)).toBe(1);
    expect(same.get('progress')?.value).toBe(99_999);
    expect(held(circling)).toBeLessThan(300);
    expect(circling.get('base-99')?.value).toBe(99_999);
  });

  test('keeps 100,000 different keys in a short chain', () => {
    let layer: Layer = EMPTY_LAYER;
    for (let item = 0; item < 100_000; item += 1)
      layer = stack(layer, new Map([[`key-${String(item)}`, entry(item)]]));

    expect(held(layer)).toBe(100_000);
    expect([...levels(layer)].length).toBeLessThanOrEqual(17);
  });

  test('forgets what was deleted where nothing of the name lies below, also above a selection', () => {
    const selection = new CompiledSelection({ omit: ['secret'] }, 'test');
    const inherited = new SelectedLayer(layerOf(10), selection);
    let layer: Layer = stack(inherited, new Map([['base-0', DELETED]]));
    for (let item = 0; item < 2000; item += 1) {
      const request = `request-${String(item)}`;
      layer = stack(layer, new Map([[request, entry(item)]]));
      layer = stack(layer, new Map([[request, DELETED]]));
    }

    expect([layer.get('base-0'), layer.get('base-1')?.value, layer.all().size]).toEqual([undefined, 1, 9]);
    expect(held(layer)).toBe(1);
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
  | { readonly does: 'read'; readonly who: number; readonly name: string }
  | { readonly does: 'child'; readonly who: number };

const who = fc.nat(7);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant('set' as const), who, name, value: fc.nat(99) }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('delete' as const), who, name }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('seal' as const), who }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('list' as const), who }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('read' as const), who, name }) },
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
              sealedLayer(real);
              break;
            case 'list':
              expect(real.size).toBe(model.size);
              break;
            case 'read':
              // So often that layers list their entries.
              for (let time = 0; time < 20; time += 1) expect(real.get(step.name)).toBe(model.get(step.name));
              break;
            case 'child':
              family.push({
                real: new ContextDictionary(owner, 'items', sealedLayer(real)),
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
