import { describe, expect, it } from 'vitest';
import {
  CompositeContextConfiguration,
  contextKey,
  runPipeline,
  type ContextProvenance,
  type ItemCompositeOptions,
  type PipelineContext,
  type PipelineContextOptions,
} from 'heirline';
import { gate, subPipeline, throughChild, wrapping } from './support/pipelines.js';

const ApiKey = contextKey<string>('ApiKey');
const { inheritAll } = CompositeContextConfiguration;

/** Asks at the bottom of Root → child → inner → inner, each configured on its own. */
async function explainedBelow(
  given: PipelineContextOptions,
  levels: readonly [ItemCompositeOptions<number>, ItemCompositeOptions<number>, ItemCompositeOptions<number>],
  ask: (context: PipelineContext) => ContextProvenance = (context) => context.explain(ApiKey),
): Promise<ContextProvenance | undefined> {
  const seen: ContextProvenance[] = [];
  const Lowest = subPipeline((item: number, context) => {
    seen.push(ask(context));
    return item;
  });
  const [first, second, third] = levels;
  const { Root } = throughChild([1], wrapping(wrapping(Lowest, third), second), first);
  await runPipeline(Root, given);
  return seen[0];
}

/** Asks in the one child of Root. */
async function explainedInChild(
  given: PipelineContextOptions,
  options: ItemCompositeOptions<number>,
  ask: (context: PipelineContext) => ContextProvenance = (context) => context.explain(ApiKey),
): Promise<ContextProvenance | undefined> {
  const seen: ContextProvenance[] = [];
  const Child = subPipeline((item: number, context) => {
    seen.push(ask(context));
    return item;
  });
  const { Root } = throughChild([1], Child, options);
  await runPipeline(Root, given);
  return seen[0];
}

const all: ItemCompositeOptions<number> = { contextConfiguration: inheritAll };

describe('explain', () => {
  it('tells three levels down who set a value and every hop that inherited it', async () => {
    expect(await explainedBelow({ parameters: { ApiKey: 'k' } }, [all, all, all])).toEqual({
      dictionary: 'parameters',
      hops: [
        { path: 'Root', action: 'set' },
        { path: 'Root/child', action: 'inherited' },
        { path: 'Root/child/inner', action: 'inherited' },
        { path: 'Root/child/inner/inner', action: 'inherited' },
      ],
    });
  });

  it('answers the string as it answers the typed key', async () => {
    const byKey = await explainedBelow({ parameters: { ApiKey: 'k' } }, [all, all, all]);
    const byName = await explainedBelow({ parameters: { ApiKey: 'k' } }, [all, all, all], (context) =>
      context.explain('ApiKey'),
    );

    expect(byName).toEqual(byKey);
  });

  it('tells which hop renamed it', async () => {
    const renaming: ItemCompositeOptions<number> = {
      contextConfiguration: { inheritParentParameters: { rename: { ApiKey: 'masterKey' } } },
    };

    expect(await explainedBelow({ parameters: { masterKey: 'k' } }, [all, renaming, all])).toEqual({
      dictionary: 'parameters',
      hops: [
        { path: 'Root', action: 'set' },
        { path: 'Root/child', action: 'inherited' },
        { path: 'Root/child/inner', action: 'renamed' },
        { path: 'Root/child/inner/inner', action: 'inherited' },
      ],
    });
  });

  it('tells which hop overrode it', async () => {
    const overriding: ItemCompositeOptions<number> = {
      contextConfiguration: inheritAll,
      with: { parameters: { ApiKey: 'other' } },
    };

    expect(await explainedBelow({ parameters: { ApiKey: 'k' } }, [all, overriding, all])).toEqual({
      dictionary: 'parameters',
      hops: [
        { path: 'Root', action: 'set' },
        { path: 'Root/child', action: 'inherited' },
        { path: 'Root/child/inner', action: 'overridden' },
        { path: 'Root/child/inner/inner', action: 'inherited' },
      ],
    });
  });

  it('tells so also where a with callback overrode it for one item', async () => {
    const provenance = await explainedInChild(
      { parameters: { ApiKey: 'k' } },
      { contextConfiguration: inheritAll, with: () => ({ parameters: { ApiKey: 'other' } }) },
    );

    expect(provenance?.hops).toEqual([
      { path: 'Root', action: 'set' },
      { path: 'Root/child', action: 'overridden' },
    ]);
  });

  it('starts where an explicit value was set, if nothing was passed from above', async () => {
    const provenance = await explainedBelow({}, [{}, { with: { parameters: { ApiKey: 'explicit' } } }, all]);

    expect(provenance?.hops.map((hop) => hop.action)).toEqual(['set', 'inherited']);
    expect(provenance?.hops.map((hop) => hop.path)).toEqual(['Root/child/inner', 'Root/child/inner/inner']);
  });

  it('says that a default answers where nothing was set', async () => {
    const WithDefault = contextKey<string>('ApiKey', { default: 'none' });
    const provenance = await explainedInChild({}, {}, (context) => context.explain(WithDefault));

    expect(provenance?.hops.at(-1)).toMatchObject({ action: 'default' });
  });

  it('says that a node of the root set it', async () => {
    const seen: ContextProvenance[] = [];
    const Child = subPipeline((item: number, context) => {
      seen.push(context.explain(ApiKey));
      return item;
    });
    const { Root } = throughChild(
      (context) => {
        context.parameters.set(ApiKey, 'k');
        return [1];
      },
      Child,
      all,
    );

    await runPipeline(Root);

    expect(seen[0]?.hops.map((hop) => hop.action)).toEqual(['set', 'inherited']);
    expect(seen[0]?.hops[0]?.path).toMatch(/^Root(\/source)?$/);
    expect(seen[0]?.hops[1]?.path).toBe('Root/child');
  });

  it('does not confuse the dictionaries', async () => {
    const given = { items: { ApiKey: { live: true } }, properties: { ApiKey: 'p' } };
    const options: ItemCompositeOptions<number> = {
      contextConfiguration: { inheritParentItems: true },
    };

    expect(await explainedInChild(given, options, (context) => context.explain(ApiKey, 'items'))).toEqual({
      dictionary: 'items',
      hops: [
        { path: 'Root', action: 'set' },
        { path: 'Root/child', action: 'inherited' },
      ],
    });
    const withheld = await explainedInChild(given, options, (context) =>
      context.explain(ApiKey, 'properties'),
    );
    expect(withheld?.dictionary).toBe('properties');
    expect(withheld?.hops.at(-1)).toEqual({ path: 'Root/child', action: 'withheld' });
  });

  it('is plain data that says nothing of the value', async () => {
    const provenance = await explainedBelow({ parameters: { ApiKey: 'k-4711' } }, [all, all, all]);

    expect(JSON.parse(JSON.stringify(provenance))).toEqual(provenance);
    expect(JSON.stringify(provenance)).not.toContain('k-4711');
  });
});

describe('explain of an absent key', () => {
  it('names the hop that withheld it, at each level', async () => {
    const given = { parameters: { ApiKey: 'k' } };

    const atFirst = await explainedBelow(given, [{}, all, all]);
    const atSecond = await explainedBelow(given, [all, {}, all]);
    const atThird = await explainedBelow(given, [all, all, {}]);

    const withheldBy = (provenance: ContextProvenance | undefined): unknown =>
      provenance?.hops.filter((hop) => hop.action === 'withheld').map((hop) => hop.path);
    expect(withheldBy(atFirst)).toEqual(['Root/child']);
    expect(withheldBy(atSecond)).toEqual(['Root/child/inner']);
    expect(withheldBy(atThird)).toEqual(['Root/child/inner/inner']);
  });

  it.each<[string, ItemCompositeOptions<number>]>([
    ['not inheriting', {}],
    ['picking others', { contextConfiguration: { inheritParentParameters: { pick: ['x'] } } }],
    ['omitting it', { contextConfiguration: { inheritParentParameters: { omit: ['ApiKey'] } } }],
    ['renaming it away', { contextConfiguration: { inheritParentParameters: { rename: { x: 'ApiKey' } } } }],
  ])('says withheld where the composite kept it back by %s', async (_title, options) => {
    const provenance = await explainedInChild({ parameters: { ApiKey: 'k' } }, options);

    expect(provenance?.hops.at(-1)).toEqual({ path: 'Root/child', action: 'withheld' });
  });

  it('names the nearest one where a level in between had a value of its own', async () => {
    const provenance = await explainedBelow({ parameters: { ApiKey: 'k' } }, [
      {},
      { with: { parameters: { ApiKey: 'own' } } },
      {},
    ]);

    expect(provenance?.hops.at(-1)).toEqual({
      path: 'Root/child/inner/inner',
      action: 'withheld',
    });
  });

  it('says withheld where the key was local to the parent', async () => {
    const Local = contextKey<string>('ApiKey', { local: true });
    const seen: ContextProvenance[] = [];
    const Child = subPipeline((item: number, context) => {
      seen.push(context.explain('ApiKey'));
      return item;
    });
    const { Root } = throughChild(
      (context) => {
        context.parameters.set(Local, 'k');
        return [1];
      },
      Child,
      all,
    );

    await runPipeline(Root);

    expect(seen[0]?.hops.at(-1)).toEqual({ path: 'Root/child', action: 'withheld' });
  });

  it('knows no hop that withheld or passed it where nobody ever set it', async () => {
    const provenance = await explainedBelow({}, [all, all, all]);

    const actions = provenance?.hops.map((hop) => hop.action) ?? [];
    expect(actions).not.toContain('set');
    expect(actions).not.toContain('inherited');
  });

  it('is judged when asked: the parent may have set it only after this child started', async () => {
    const written = gate();
    const seen: ContextProvenance[] = [];
    const Child = subPipeline(async (item: number, context) => {
      if (item === 1) {
        await written.opened;
        expect(context.parameters.has(ApiKey)).toBe(false);
        seen.push(context.explain(ApiKey));
      } else {
        written.open();
      }
      return item;
    });
    const { Root } = throughChild(
      function* (context) {
        yield 1;
        context.parameters.set(ApiKey, 'k');
        yield 2;
      },
      Child,
      { concurrency: 2 },
    );

    await runPipeline(Root);

    expect(seen[0]?.hops.at(-1)).toEqual({ path: 'Root/child', action: 'withheld' });
  });
});
