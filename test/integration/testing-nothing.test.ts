import { describe, expect, test } from 'vitest';
import { contextKey, type DefinitionContext, type PipelineBuilder, type PipelineDefinition } from 'heirline';
import { expectIsolation, testPipeline } from 'heirline/testing';
import { defineStep, definePipeline, errorOf, unhandledDuring } from './support/harness.js';

const Double = defineStep<number, number>('double', 'double', (item) => item * 2);
const Root = definePipeline('root', (builder) => {
  const child = builder.addComposite(Double, { name: 'child', from: builder.addSource([1, 2], 'items') });
  builder.addSink(() => undefined, { name: 'sink', from: child });
});

/** Described when its composite has its first item: `define` needs what `with` gives. */
class Late implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>, { parameters }: DefinitionContext): void {
    const name = parameters.require<string>('name');
    const below = builder.addComposite(Double, { name: 'below', from: builder.addCompositeInput() });
    const node = builder.addTransform((item: number) => item, { name, from: below });
    builder.addCompositeOutput({ from: node });
  }
}
const WithLate = definePipeline('root', (builder) => {
  const late = builder.addComposite(Late, {
    name: 'late',
    from: builder.addSource([1, 2], 'items'),
    with: () => ({ parameters: { name: 'node' } }),
  });
  builder.addSink(() => undefined, { name: 'sink', from: late });
});
class Unused extends Double {}

describe('a test that would test nothing is told so', () => {
  const misses: Record<string, [run: () => Promise<{ errors: readonly { code: string }[] }>, code: string]> =
    {
      'a stub for the input of a child': [
        () =>
          testPipeline(Root)
            .replaceNode('child/input', () => 1)
            .run(),
        'OPTION_INVALID',
      ],
      'a stub for the output of a child': [
        () =>
          testPipeline(Root)
            .replaceNode('child/output', () => 1)
            .run(),
        'OPTION_INVALID',
      ],
      'a stub for the input of a child that is described late': [
        () =>
          testPipeline(WithLate)
            .replaceNode('late/input', () => 1)
            .run(),
        'OPTION_INVALID',
      ],
      'a stub for the input at depth 2 of such a child': [
        () =>
          testPipeline(WithLate)
            .replaceNode('late/below/input', () => 1)
            .run(),
        'OPTION_INVALID',
      ],
      'a stub for a composite of such a child': [
        () =>
          testPipeline(WithLate)
            .replaceNode('late/below', () => 1)
            .run(),
        'OPTION_INVALID',
      ],
      'a misspelt node of a child': [
        () =>
          testPipeline(Root)
            .replaceNode('child/tpyo', () => 1)
            .run(),
        'NODE_UNKNOWN',
      ],
      'a misspelt node of a child that is described late': [
        () =>
          testPipeline(WithLate)
            .replaceNode('late/tpyo', () => 1)
            .run(),
        'NODE_UNKNOWN',
      ],
      'a misspelt node at depth 2 of such a child': [
        () =>
          testPipeline(WithLate)
            .replaceNode('late/below/tpyo', () => 1)
            .run(),
        'NODE_UNKNOWN',
      ],
      'a stub for a definition that is nowhere': [
        () =>
          testPipeline(Root)
            .withChild(Unused, () => 1)
            .run(),
        'NODE_UNKNOWN',
      ],
      'a stub for a definition that is not below a child described late': [
        () =>
          testPipeline(WithLate)
            .withChild(Unused, () => 1)
            .run(),
        'NODE_UNKNOWN',
      ],
    };
  for (const [title, [run, code]] of Object.entries(misses)) {
    test(title, async () => {
      const { errors } = await run();
      expect(errors.map((error) => error.code)).toEqual([code]);
    });
  }

  test('but a stub that is used, at depth 2 of a child that is described late, is fine', async () => {
    const node = await testPipeline(WithLate)
      .replaceNode('late/below/double', (item: number) => item * 10)
      .run();
    expect([node.errors, node.sink('sink')]).toEqual([[], [10, 20]]);
    const child = await testPipeline(WithLate)
      .withChild(Double, (item) => item * 10)
      .run();
    expect([child.errors, child.sink('sink')]).toEqual([[], [10, 20]]);
  });

  test('of two stubs for one definition the last counts', async () => {
    const run = await testPipeline(Root)
      .withChild(Double, () => 0)
      .withChild(Double, (item) => item + 1)
      .run();
    expect([run.errors, run.sink('sink'), run.child(Double).inputs]).toEqual([[], [2, 3], [1, 2]]);
  });

  test('a context of expectIsolation that is a promise', async () => {
    for (const context of [
      () => Promise.resolve({}),
      () => Promise.reject(new Error('late')),
      Promise.resolve({}),
    ]) {
      const unhandled = await unhandledDuring(async () => {
        const isolation = expectIsolation(Root, { context: context as never, runs: 2 });
        await expect(isolation).rejects.toMatchObject({ code: 'OPTION_INVALID' });
      });
      expect(unhandled).toEqual([]);
    }
  });

  test('options that cannot be read are refused where they are given, and run never rejects', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const unreadable = {
      get tenantId(): string {
        throw new Error('no');
      },
    };
    for (const options of [proxy, unreadable]) {
      expect(errorOf(() => testPipeline(Root).withRun(options)).code).toBe('OPTION_INVALID');
      expect(errorOf(() => testPipeline(Root, { clock: options } as never)).code).toBe('OPTION_INVALID');
    }
    expect(errorOf(() => testPipeline(Root, proxy)).code).toBe('OPTION_INVALID');
    // Readable when it is given, and no more when the run starts.
    let reads = 0;
    const fickle = {
      get runId(): string {
        reads += 1;
        if (reads > 3) throw new Error('no');
        return 'run-1';
      },
    };
    const given = testPipeline(Root).withRun(fickle);
    expect((await given.run()).errors.length).toBeLessThan(2);
  });
});

const Rate = contextKey<number>('rate');

class Context implements PipelineDefinition<string, unknown> {
  static readonly pipeline = { name: 'context' };

  define(builder: PipelineBuilder<string, unknown>): void {
    const all = builder.addTransform(
      (key: string, { parameters, items, properties }) => [
        parameters.get(key),
        items.get(key),
        properties.get(key),
      ],
      { name: 'all', from: builder.addCompositeInput() },
    );
    builder.connect(all, builder.addCompositeOutput());
  }
}

describe('withParameters, withItems and withProperties', () => {
  test('take several entries: an object, a Map or pairs; of a key set twice the last counts', async () => {
    const service = { call: () => 1 };
    const run = await testPipeline(Context)
      .withParameter('region', 'north')
      .withParameters({ region: 'south', rate: 1 })
      .withParameters(new Map([['rate', 2]]))
      .withItems([
        ['region', service],
        ['rate', service],
      ])
      .withProperties([[Rate, 3]])
      .withProperty('region', 'east')
      .input(['region', 'rate'])
      .run();
    expect(run.errors).toEqual([]);
    expect(run.outputs).toEqual([
      ['south', service, 'east'],
      [2, service, 3],
    ]);
  });

  test('are asked once, and refuse what holds no entries', async () => {
    let asked = 0;
    function* entries(): Generator<[string, unknown]> {
      asked += 1;
      yield ['region', 'north'];
    }
    const given = testPipeline(Context).withParameters(entries()).input(['region']);
    await given.run();
    expect((await given.run()).outputs).toEqual([['north', undefined, undefined]]);
    expect(asked).toBe(1);
    for (const method of ['withParameters', 'withItems', 'withProperties'] as const) {
      for (const wrong of [undefined, null, 'region', 5, [1]]) {
        const error = errorOf(() => testPipeline(Context)[method](wrong as never));
        expect(error.code).toBe('OPTION_INVALID');
      }
      const keyless = errorOf(() => testPipeline(Context)[method]({ '': 1 }));
      expect(keyless.code).toBe('CONTEXT_KEY_INVALID');
    }
  });
});
