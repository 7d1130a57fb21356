import { describe, expect, it } from 'vitest';
import {
  contextKey,
  runPipeline,
  type ContextDictionary,
  type ItemCompositeOptions,
  type KeySelection,
  type PipelineContextOptions,
} from 'heirline';
import { subPipeline, throughChild } from './support/pipelines.js';

/** Runs one item through a child and gives the entries that it found in one dictionary. */
async function inherited(
  given: PipelineContextOptions,
  options: ItemCompositeOptions<number>,
  read: (context: { parameters: ContextDictionary; items: ContextDictionary }) => unknown = (context) =>
    context.parameters.toObject(),
): Promise<unknown> {
  const seen: unknown[] = [];
  const Child = subPipeline((item: number, context) => {
    seen.push(read(context));
    return item;
  });
  const { Root } = throughChild([1], Child, options);
  await runPipeline(Root, given);
  return seen[0];
}

describe('A key selection', () => {
  const parameters = { a: 1, b: 2, c: 3 };
  const cases: [title: string, selection: KeySelection, expected: Record<string, number>][] = [
    ['pick passes only the keys it names', { pick: ['a', 'c'] }, { a: 1, c: 3 }],
    ['an empty pick passes nothing', { pick: [] }, {}],
    ['omit passes all but the keys it names', { omit: ['a'] }, { b: 2, c: 3 }],
    ['an empty omit passes everything', { omit: [] }, { a: 1, b: 2, c: 3 }],
    ['pick with omit passes what is picked and not omitted', { pick: ['a', 'b'], omit: ['b'] }, { a: 1 }],
    ['rename alone passes the renamed keys only', { rename: { first: 'a' } }, { first: 1 }],
    [
      'rename may give one entry several names',
      { rename: { first: 'a', again: 'a' } },
      { first: 1, again: 1 },
    ],
    ['rename may swap two names', { rename: { a: 'b', b: 'a' } }, { a: 2, b: 1 }],
    [
      'pick with rename passes the picked and the renamed',
      { pick: ['b'], rename: { first: 'a' } },
      { b: 2, first: 1 },
    ],
    [
      'omit with rename passes all but the omitted, the renamed also under its old name',
      { omit: ['c'], rename: { first: 'a' } },
      { a: 1, b: 2, first: 1 },
    ],
    [
      'rename works also from an omitted key',
      { omit: ['a'], rename: { first: 'a' } },
      { b: 2, c: 3, first: 1 },
    ],
    [
      'a renamed value wins over an inherited one of the same name',
      { omit: [], rename: { b: 'a' } },
      { a: 1, b: 1, c: 3 },
    ],
    ['picking a key that the parent does not have passes nothing', { pick: ['a', 'zzz'] }, { a: 1 }],
    ['renaming a key that the parent does not have passes nothing', { rename: { first: 'zzz' } }, {}],
  ];

  it.each(cases)('%s', async (_title, selection, expected) => {
    expect(
      await inherited({ parameters }, { contextConfiguration: { inheritParentParameters: selection } }),
    ).toEqual(expected);
  });

  it.each(cases)('%s, in configureContext too', async (_title, selection, expected) => {
    expect(
      await inherited(
        { parameters },
        {
          configureContext: (draft) => {
            draft.inheritParentParameters = selection;
          },
        },
      ),
    ).toEqual(expected);
  });

  it('works on context items and properties too', async () => {
    const logger = { log: () => undefined };
    expect(
      await inherited(
        { items: { logger, cache: 1 } },
        { contextConfiguration: { inheritParentItems: { rename: { childLogger: 'logger' } } } },
        (context) => context.items.toObject(),
      ),
    ).toEqual({ childLogger: logger });
  });

  it('names keys as strings or as typed keys, which address the same entries', async () => {
    const A = contextKey<number>('a');
    const B = contextKey<number>('b');

    expect(
      await inherited(
        { parameters },
        { contextConfiguration: { inheritParentParameters: { pick: [A], rename: { second: B } } } },
      ),
    ).toEqual({ a: 1, second: 2 });
    expect(
      await inherited(
        { parameters },
        { contextConfiguration: { inheritParentParameters: { omit: [A, 'c'] } } },
      ),
    ).toEqual({ b: 2 });
  });
});

describe('A local key', () => {
  const Local = contextKey<string>('secretPlan', { local: true });
  const selections: [title: string, selection: boolean | KeySelection][] = [
    ['true', true],
    ['pick by name', { pick: ['secretPlan', 'a'] }],
    ['pick by key', { pick: [Local, 'a'] }],
    ['omit of others', { omit: [] }],
    ['rename', { pick: ['a'], rename: { plan: 'secretPlan' } }],
  ];

  it.each(selections)('never inherits, under any option: %s', async (_title, selection) => {
    const seen: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      seen.push(context.parameters.toObject());
      return item;
    });
    const { Root } = throughChild(
      (context) => {
        context.parameters.set(Local, 'mine').set('a', 1);
        return [1];
      },
      Child,
      { contextConfiguration: { inheritParentParameters: selection } },
    );

    await runPipeline(Root);

    expect(seen).toEqual([{ a: 1 }]);
  });

  it('is an ordinary entry where it was set', async () => {
    const seen: unknown[] = [];
    const { Root } = throughChild(
      (context) => {
        context.parameters.set(Local, 'mine');
        seen.push(context.parameters.get('secretPlan'), context.parameters.has(Local));
        return [];
      },
      subPipeline((item: number) => item),
    );

    await runPipeline(Root);

    expect(seen).toEqual(['mine', true]);
  });

  it('does not inherit as a context item or a property either', async () => {
    const seen: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      seen.push([...context.items.keys()], [...context.properties.keys()]);
      return item;
    });
    const { Root } = throughChild(
      (context) => {
        context.items.set(Local, 'mine');
        context.properties.set(Local, 'mine');
        return [1];
      },
      Child,
      { contextConfiguration: { inheritParentItems: true, inheritParentProperties: true } },
    );

    await runPipeline(Root);

    expect(seen).toEqual([[], []]);
  });
});

describe('with: explicit values for the child', () => {
  it('are an object, a Map or entries, for each of the three dictionaries', async () => {
    const cache = new Map();
    const forms: ItemCompositeOptions<number>['with'][] = [
      { parameters: { a: 1 }, items: { cache }, properties: { note: 'n' } },
      {
        parameters: new Map([['a', 1]]),
        items: new Map([['cache', cache]]),
        properties: new Map([['note', 'n']]),
      },
      { parameters: [['a', 1]], items: [['cache', cache]], properties: [['note', 'n']] },
    ];
    for (const form of forms) {
      const seen: unknown[] = [];
      const Child = subPipeline((item: number, context) => {
        seen.push(context.parameters.toObject(), context.items.get('cache'), context.properties.toObject());
        return item;
      });
      const { Root } = throughChild([1], Child, { with: form });

      await runPipeline(Root);

      expect(seen[0]).toEqual({ a: 1 });
      expect(seen[1]).toBe(cache);
      expect(seen[2]).toEqual({ note: 'n' });
    }
  });

  it('are computed per item by a function of the item and the parent’s context', async () => {
    const seen: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      seen.push(context.parameters.toObject());
      return item;
    });
    const { Root } = throughChild([1, 2], Child, {
      with: (item, parent) => ({
        parameters: { double: item * 2, unit: parent.parameters.get('unit') },
      }),
    });

    await runPipeline(Root, { parameters: { unit: 'km' } });

    expect(seen).toEqual([
      { double: 2, unit: 'km' },
      { double: 4, unit: 'km' },
    ]);
  });

  it('are data like any other: copied and closed', async () => {
    const Limits = contextKey<{ low: number }>('limits');
    const own = { low: 1 };
    const seen: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      const limits = context.parameters.require(Limits);
      expect(() => {
        limits.low = 5;
      }).toThrow(TypeError);
      seen.push(limits);
      return item;
    });
    const { Root } = throughChild([1], Child, { with: { parameters: { limits: own } } });

    await runPipeline(Root);

    expect(seen).toEqual([{ low: 1 }]);
    expect(seen[0]).not.toBe(own);
    expect(Object.isFrozen(own)).toBe(false);
  });

  it('never reach the parent', async () => {
    const { Root } = throughChild(
      [1],
      subPipeline((item: number) => item),
      {
        with: { parameters: { a: 1 } },
      },
    );

    const result = await runPipeline(Root);

    expect(result.context.parameters.has('a')).toBe(false);
  });
});

describe('Precedence of a value in the child', () => {
  const Name = contextKey<string>('name', { default: 'the default' });
  const given = { parameters: { name: 'inherited', other: 'renamed' } };
  const read = (context: { parameters: ContextDictionary }): unknown => context.parameters.get(Name);

  it('with wins over rename, inheritance and default', async () => {
    expect(
      await inherited(
        given,
        {
          contextConfiguration: { inheritParentParameters: { omit: [], rename: { name: 'other' } } },
          with: { parameters: { name: 'explicit' } },
        },
        read,
      ),
    ).toBe('explicit');
  });

  it('rename wins over inheritance and default', async () => {
    expect(
      await inherited(
        given,
        {
          contextConfiguration: { inheritParentParameters: { omit: [], rename: { name: 'other' } } },
        },
        read,
      ),
    ).toBe('renamed');
  });

  it('inheritance wins over the default', async () => {
    expect(await inherited(given, { contextConfiguration: { inheritParentParameters: true } }, read)).toBe(
      'inherited',
    );
  });

  it('the default remains', async () => {
    expect(await inherited(given, {}, read)).toBe('the default');
  });
});
