import { describe, expect, it } from 'vitest';
import {
  CompositeContextConfiguration,
  buildPipeline,
  runPipeline,
  type CompositeContextOptions,
  type ItemCompositeOptions,
  type KeySelection,
} from 'heirline';
import { problemsOf, rejectionOf, subPipeline, throughChild, thrownBy } from './support/pipelines.js';

const onByDefault: Readonly<Record<string, boolean>> = {
  inheritRunIdentity: true,
  inheritLineageSink: true,
  inheritExecutionObserver: true,
  inheritDeadLetterDecorator: true,
};
const offByDefault: Readonly<Record<string, boolean>> = {
  inheritParentParameters: false,
  inheritParentItems: false,
  inheritParentProperties: false,
};
const defaults = { ...offByDefault, ...onByDefault };

/** Runs one item through a child and says which of three entries and which identity it had. */
async function childGets(
  options: ItemCompositeOptions<number>,
): Promise<{ dictionaries: string[]; sameRun: boolean; observed: boolean }> {
  const dictionaries: string[] = [];
  const runIds: string[] = [];
  const paths: string[] = [];
  const Child = subPipeline((item: number, context) => {
    runIds.push(context.runId);
    if (context.parameters.has('shared')) dictionaries.push('parameters');
    if (context.items.has('shared')) dictionaries.push('items');
    if (context.properties.has('shared')) dictionaries.push('properties');
    return item;
  });
  const { Root } = throughChild([1], Child, options);
  const result = await runPipeline(Root, {
    parameters: { shared: 1 },
    items: { shared: 2 },
    properties: { shared: 3 },
    executionObserver: { nodeStarted: (event) => paths.push(event.path) },
  });
  return {
    dictionaries,
    sameRun: runIds.every((runId) => runId === result.runId),
    observed: paths.includes('Root/child/work'),
  };
}

describe('The presets of a CompositeContextConfiguration', () => {
  it('default: the three data options off, the four services on', () => {
    expect(CompositeContextConfiguration.default).toMatchObject(defaults);
  });

  it('inheritAll: all seven on', () => {
    expect(CompositeContextConfiguration.inheritAll).toMatchObject({
      inheritParentParameters: true,
      inheritParentItems: true,
      inheritParentProperties: true,
      ...onByDefault,
    });
  });

  it('isolated: all seven off', () => {
    expect(CompositeContextConfiguration.isolated).toMatchObject({
      ...offByDefault,
      inheritRunIdentity: false,
      inheritLineageSink: false,
      inheritExecutionObserver: false,
      inheritDeadLetterDecorator: false,
    });
  });

  it.each(['default', 'inheritAll', 'isolated'] as const)(
    '%s fetched twice is equal, and cannot be assigned to',
    (preset) => {
      const configuration = CompositeContextConfiguration[preset];
      const before = Object.entries(configuration);

      expect(() => Object.assign(configuration, { inheritParentItems: true })).toThrow(TypeError);
      expect(() => Object.assign(configuration, { inheritRunIdentity: false })).toThrow(TypeError);
      expect(Object.entries(configuration)).toEqual(before);
      expect(CompositeContextConfiguration[preset]).toEqual(configuration);
    },
  );
});

describe('CompositeContextConfiguration.create', () => {
  it('fills what is not named with the defaults', () => {
    expect(CompositeContextConfiguration.create({})).toMatchObject(defaults);
    expect(CompositeContextConfiguration.create({ inheritParentItems: true })).toMatchObject({
      ...defaults,
      inheritParentItems: true,
    });
    expect(CompositeContextConfiguration.create({ inheritLineageSink: false })).toMatchObject({
      ...defaults,
      inheritLineageSink: false,
    });
  });

  it('takes an undefined option as one that is not named', () => {
    expect(
      CompositeContextConfiguration.create({
        inheritRunIdentity: undefined,
        inheritParentItems: undefined,
      }),
    ).toMatchObject(defaults);
  });

  it('gives an immutable value: neither the options nor a key selection can change it later', () => {
    const pick = ['a'];
    const options = { inheritParentParameters: { pick } };
    const configuration = CompositeContextConfiguration.create(options);
    pick.push('b');
    options.inheritParentParameters = { pick: ['c'] };

    expect(configuration.inheritParentParameters).toEqual({ pick: ['a'] });
    expect(() => Object.assign(configuration, { inheritParentItems: true })).toThrow(TypeError);
    expect(() => Object.assign(configuration.inheritParentParameters, { omit: ['a'] })).toThrow(TypeError);
  });

  it('refuses a name that is not an option', () => {
    const typo = { inheritParameters: true } as unknown as Partial<CompositeContextOptions>;
    const error = thrownBy(() => CompositeContextConfiguration.create(typo));

    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toContain('inheritParameters');
  });
});

describe('configuration.with(recipe)', () => {
  it('gives a changed configuration and leaves the first as it is', () => {
    const changed = CompositeContextConfiguration.default.with((draft) => {
      draft.inheritParentParameters = { pick: ['a'] };
      draft.inheritRunIdentity = false;
    });

    expect(changed).toMatchObject({
      ...defaults,
      inheritParentParameters: { pick: ['a'] },
      inheritRunIdentity: false,
    });
    expect(changed).toBeInstanceOf(CompositeContextConfiguration);
    expect(CompositeContextConfiguration.default).toMatchObject(defaults);
    expect(() => Object.assign(changed, { inheritParentItems: true })).toThrow(TypeError);
  });

  it('ignores what the recipe returns if it changed the draft', () => {
    const changed = CompositeContextConfiguration.default.with((draft) => (draft.inheritParentItems = true));

    expect(changed).toMatchObject({ ...defaults, inheritParentItems: true });
  });

  it('takes returned options if the recipe left the draft alone', () => {
    const changed = CompositeContextConfiguration.default.with((draft) => ({
      ...draft,
      inheritParentProperties: true,
    }));

    expect(changed).toMatchObject({ ...defaults, inheritParentProperties: true });
  });

  it('takes returned options that name only some: the others have their defaults', () => {
    const changed = CompositeContextConfiguration.isolated.with(() => ({
      inheritParentProperties: true,
    }));

    expect(changed).toMatchObject({ ...defaults, inheritParentProperties: true });
  });
});

describe('A composite without any configuration', () => {
  it('inherits no data, but the run and its observer', async () => {
    expect(await childGets({})).toEqual({ dictionaries: [], sameRun: true, observed: true });
  });
});

describe('A composite with one data option on', () => {
  const cases = [
    ['inheritParentParameters', 'parameters'],
    ['inheritParentItems', 'items'],
    ['inheritParentProperties', 'properties'],
  ] as const;

  it.each(cases)('%s, as a partial object, passes exactly that dictionary', async (option, name) => {
    expect(await childGets({ contextConfiguration: { [option]: true } })).toEqual({
      dictionaries: [name],
      sameRun: true,
      observed: true,
    });
  });

  it.each(cases)('%s, as a configuration, passes exactly that dictionary', async (option, name) => {
    const contextConfiguration = CompositeContextConfiguration.create({ [option]: true });
    expect(await childGets({ contextConfiguration })).toEqual({
      dictionaries: [name],
      sameRun: true,
      observed: true,
    });
  });

  it.each(cases)('%s, set in configureContext, passes exactly that dictionary', async (option, name) => {
    expect(
      await childGets({
        configureContext: (draft) => {
          draft[option] = true;
        },
      }),
    ).toEqual({ dictionaries: [name], sameRun: true, observed: true });
  });

  it('inheritAll passes all three', async () => {
    expect(await childGets({ contextConfiguration: CompositeContextConfiguration.inheritAll })).toEqual({
      dictionaries: ['parameters', 'items', 'properties'],
      sameRun: true,
      observed: true,
    });
  });

  it('isolated passes nothing, neither the run identity nor the observer', async () => {
    expect(await childGets({ contextConfiguration: CompositeContextConfiguration.isolated })).toEqual({
      dictionaries: [],
      sameRun: false,
      observed: false,
    });
  });
});

describe('configureContext', () => {
  it('applies over contextConfiguration where both are given', async () => {
    expect(
      await childGets({
        contextConfiguration: { inheritParentParameters: true, inheritRunIdentity: false },
        configureContext: (draft) => {
          draft.inheritParentItems = true;
        },
      }),
    ).toEqual({ dictionaries: ['parameters', 'items'], sameRun: false, observed: true });

    expect(
      await childGets({
        contextConfiguration: CompositeContextConfiguration.inheritAll,
        configureContext: (draft) => {
          draft.inheritParentItems = false;
        },
      }),
    ).toEqual({ dictionaries: ['parameters', 'properties'], sameRun: true, observed: true });
  });

  it('starts from the defaults where it is given alone', async () => {
    const drafts: Partial<CompositeContextOptions>[] = [];
    await childGets({
      configureContext: (draft) => {
        drafts.push({ ...draft });
      },
    });

    expect(drafts[0]).toMatchObject(defaults);
  });

  it('does not change the configuration it starts from', async () => {
    const shared = CompositeContextConfiguration.create({ inheritParentParameters: true });
    await childGets({
      contextConfiguration: shared,
      configureContext: (draft) => {
        draft.inheritParentParameters = false;
      },
    });

    expect(shared.inheritParentParameters).toBe(true);
  });

  it('may return anything, if it changed the draft', async () => {
    expect(await childGets({ configureContext: (draft) => (draft.inheritParentItems = true) })).toEqual({
      dictionaries: ['items'],
      sameRun: true,
      observed: true,
    });
  });

  it('may return anything also where it assigned what was there already', async () => {
    expect(await childGets({ configureContext: (draft) => (draft.inheritRunIdentity = true) })).toEqual({
      dictionaries: [],
      sameRun: true,
      observed: true,
    });
  });

  it('may return an object that names only some options: the others have their defaults', async () => {
    expect(await childGets({ configureContext: () => ({ inheritParentParameters: true }) })).toEqual({
      dictionaries: ['parameters'],
      sameRun: true,
      observed: true,
    });
  });

  it('may return new options, if it left the draft alone', async () => {
    expect(
      await childGets({
        configureContext: (draft) => ({ ...draft, inheritParentProperties: true }),
      }),
    ).toEqual({ dictionaries: ['properties'], sameRun: true, observed: true });
  });
});

describe('A misspelt option', () => {
  const Child = subPipeline((item: number) => item);

  it('in contextConfiguration is OPTION_INVALID when the pipeline is built', () => {
    const { Root } = throughChild([1], Child, {
      contextConfiguration: { inheritParameters: true } as unknown as Partial<CompositeContextOptions>,
    });
    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems.map((problem) => problem.code)).toEqual(['OPTION_INVALID']);
    expect(problems[0]?.message).toContain('inheritParameters');
    expect(problems[0]?.path).toBe('Root/child');
  });

  it('set by configureContext is OPTION_INVALID when the pipeline is built', () => {
    const { Root } = throughChild([1], Child, {
      configureContext: (draft) => Object.assign(draft, { inheritItem: true }),
    });
    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems.map((problem) => problem.code)).toEqual(['OPTION_INVALID']);
    expect(problems[0]?.message).toContain('inheritItem');
  });

  it('in a key selection is OPTION_INVALID', () => {
    const selection = { picks: ['a'] } as unknown as KeySelection;
    const error = thrownBy(() =>
      CompositeContextConfiguration.create({ inheritParentParameters: selection }),
    );

    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toContain('picks');
  });

  it('in with is OPTION_INVALID when the pipeline is built', () => {
    const { Root } = throughChild([1], Child, {
      with: { parameter: { a: 1 } } as unknown as { parameters: object },
    } as ItemCompositeOptions<number>);
    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems.map((problem) => problem.code)).toEqual(['OPTION_INVALID']);
    expect(problems[0]?.message).toContain('parameter');
  });

  it('or no plain object at all is reported once, with the path in the message', () => {
    const wrong: unknown[] = [
      { contextConfiguration: 'inheritAll' },
      { configureContext: 5 },
      { contextConfiguration: { inheritParentItems: 'yes' } },
      { contextConfiguration: { inheritParentItems: { rename: ['a'] } } },
    ];
    for (const options of wrong) {
      const { Root } = throughChild([1], Child, options as ItemCompositeOptions<number>);
      const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

      expect(problems.map((problem) => problem.code)).toEqual(['OPTION_INVALID']);
      expect(problems[0]?.message).toContain('Root/child');
    }
  });

  it('as an async with callback is OPTION_INVALID, not a silent nothing', async () => {
    const values = async (): Promise<object> => ({ parameters: { a: 1 } });
    const options = { with: values } as unknown as ItemCompositeOptions<number>;
    const { Root } = throughChild([1], Child, options);

    const error = await rejectionOf(runPipeline(Root));

    expect([error.code, error.path]).toEqual(['OPTION_INVALID', 'Root/child']);
  });

  it('among the options of the composite is OPTION_INVALID when the pipeline is built', () => {
    const options = { contextConfig: CompositeContextConfiguration.inheritAll };
    const { Root } = throughChild([1], Child, options as ItemCompositeOptions<number>);
    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems.map((problem) => problem.code)).toEqual(['OPTION_INVALID']);
    expect(problems[0]?.message).toContain('contextConfig');
  });
});
