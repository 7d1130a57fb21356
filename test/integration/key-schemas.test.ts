import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  contextKey,
  PipelineContext,
  PipelineRunner,
  runPipeline,
  type DefinitionContext,
  type PipelineBuilder,
  type PipelineContext as Context,
  type StandardSchema,
} from 'heirline';
import { definePipeline, errorOf, rejectionOf, unhandledDuring } from './support/harness.js';

/** A schema that answers as it is told, and counts how often it is asked. */
function answering(answer: (value: unknown) => unknown) {
  const asked: unknown[] = [];
  const schema: StandardSchema<unknown, number> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        asked.push(value);
        return answer(value) as { value: number };
      },
    },
  };
  return { schema, asked };
}

/** A pipeline of one node, and of a child with one node that inherits all. */
function reading(requires: { parameters: never[] } | undefined, read: (context: Context) => unknown) {
  class Child {
    static readonly pipeline = { requires };
    define(builder: PipelineBuilder<number, number>): void {
      const node = builder.addTransform(
        (item: number, context) => {
          read(context);
          return item;
        },
        { from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    }
  }
  return definePipeline('parent', (builder) => {
    const child = builder.addComposite(Child, {
      name: 'child',
      from: builder.addSource([1, 2, 3], 'source'),
      contextConfiguration: { inheritParentParameters: true },
    });
    builder.addSink(() => undefined, { from: child });
  });
}

describe('a key with a schema', () => {
  const schemas = {
    zod: z.coerce.number().min(1),
    valibot: v.pipe(v.unknown(), v.transform(Number), v.number(), v.minValue(1)),
    arktype: type('string.numeric.parse').to('number >= 1').or('number >= 1'),
  };

  test.each(Object.entries(schemas))(
    'of %s parses what is set, and refuses with what is wrong',
    (_name, schema) => {
      const Limit = contextKey('limit', { schema });
      const { parameters } = new PipelineContext();
      parameters.set(Limit, '12' as never);
      expect(parameters.get(Limit)).toBe(12);
      expect(parameters.require(Limit)).toBe(12);
      expect(parameters.get('limit')).toBe(12);

      const error = errorOf(() => parameters.set(Limit, 0 as never));
      expect(error.code).toBe('CONTEXT_VALUE_INVALID');
      expect(error.message).toContain("'limit' in the parameters");
      expect(parameters.get(Limit)).toBe(12);
    },
  );

  test('tells where in the value the problem is, and not the value', () => {
    const Settings = contextKey('settings', {
      schema: z.object({ hosts: z.array(z.object({ port: z.number() })), token: z.string().max(3) }),
    });
    const value = { hosts: [{ port: 1 }, { port: 'open sesame' }], token: 'correct horse' };
    const error = errorOf(() => new PipelineContext({ parameters: [[Settings, value]] }));

    expect(error.message).toContain('hosts.1.port: ');
    expect(error.message).toContain('token: ');
    expect(JSON.stringify([error.message, error.cause])).not.toMatch(/sesame|horse/);
  });

  test('parses first, and freezes what came of it', () => {
    const schema = z.object({ tags: z.array(z.string()).default([]) });
    const Tags = contextKey('tags', { schema });
    const given = {};
    const { parameters, items } = new PipelineContext();
    const { tags } = parameters.set(Tags, given).require(Tags);

    expect(tags).toEqual([]);
    expect(Object.isFrozen(tags)).toBe(true);
    expect(given).toEqual({});
    expect(Object.isFrozen(items.set(Tags, given).require(Tags))).toBe(false);
  });

  test('parses the result of an update, of which nothing is kept when it is refused', () => {
    const Count = contextKey('count', { schema: z.number().max(2), default: 1 });
    const { parameters } = new PipelineContext();
    parameters.update(Count, (count) => count + 1);
    expect(parameters.get(Count)).toBe(2);

    expect(errorOf(() => parameters.update(Count, (count) => count + 1)).code).toBe('CONTEXT_VALUE_INVALID');
    expect(parameters.get(Count)).toBe(2);
  });

  test('takes its default as it is', () => {
    const Odd = contextKey('odd', { schema: z.number().max(2), default: 7 });

    expect(new PipelineContext().parameters.get(Odd)).toBe(7);
  });

  test('stays local in an update', async () => {
    const Local = contextKey('count', { schema: z.number(), local: true });
    const seen: unknown[] = [];
    await new PipelineRunner().run(
      reading(undefined, (context) => seen.push(context.parameters.has('count'))),
      (() => {
        const context = new PipelineContext();
        context.parameters.set(Local, 1).update(Local, (count) => count + 1);
        return context;
      })(),
    );
    expect(seen).toEqual([false, false, false]);
  });

  test('refuses what is no schema', () => {
    for (const schema of [{}, () => 1, { '~standard': {} }, 'zod']) {
      expect(errorOf(() => contextKey('a', { schema: schema as never })).code).toBe('OPTION_INVALID');
    }
  });

  test.each<[string, (value: unknown) => unknown, string]>([
    [
      'throws',
      () => {
        throw new RangeError('broken');
      },
      'broken',
    ],
    ['answers with a promise', () => Promise.reject(new Error('later')), 'promise'],
    ['answers with nothing', () => undefined, 'neither a value nor issues'],
    ['answers with rubbish', () => 7, 'neither a value nor issues'],
    ['gives issues without a list', () => ({ issues: 'no' }), 'says no more'],
    [
      'gives issues that cannot be read',
      () => ({ issues: [null, {}, { message: 1, path: [{}, Symbol('s')] }] }),
      'no message',
    ],
    [
      'gives thousands of issues',
      () => ({ issues: Array.from({ length: 1000 }, () => ({ message: 'm.' })) }),
      'm (and 980 more)',
    ],
    ['cannot be asked', () => revoked(), 'neither a value nor issues'],
  ])('refuses every value where its schema %s', async (_name, answer, words) => {
    const Key = contextKey('key', { schema: answering(answer).schema });
    const unhandled = await unhandledDuring(async () => {
      const error = errorOf(() => new PipelineContext().parameters.set(Key, 1));
      expect(error.code).toBe('CONTEXT_VALUE_INVALID');
      expect(error.message).toContain(words);
      await Promise.resolve();
    });
    expect(unhandled).toEqual([]);
  });
});

describe('an entry that was not set through the key', () => {
  test('is parsed when it is first read through it, once for the parent and all children', async () => {
    const { schema, asked } = answering((value) => ({ value: Number(value) }));
    const Limit = contextKey('limit', { schema });
    const seen: unknown[] = [];
    const read = ({ parameters }: Context) =>
      seen.push([parameters.get('limit'), parameters.get(Limit), parameters.require(Limit)]);
    await runPipeline(reading(undefined, read), { parameters: { limit: '5' } });

    expect(seen).toEqual(Array.from({ length: 3 }, () => ['5', 5, 5]));
    expect(asked).toEqual(['5']);
  });

  test('of another key of the name is parsed too', () => {
    const Text = contextKey<string>('limit');
    const Limit = contextKey('limit', { schema: z.coerce.number() });
    const { parameters } = new PipelineContext();

    expect(parameters.set(Text, '5').get(Limit)).toBe(5);
    expect(parameters.get(Text)).toBe('5');
  });

  test('is refused where it is read, naming the place', async () => {
    const Limit = contextKey('limit', { schema: z.number() });
    const run = runPipeline(
      reading(undefined, ({ parameters }) => parameters.get(Limit)),
      { parameters: { limit: 'five' } },
    );

    const error = await rejectionOf(run);
    expect(error).toMatchObject({
      code: 'NODE_FAILED',
      cause: { code: 'CONTEXT_VALUE_INVALID', path: 'parent/child' },
    });
  });

  test.each([
    ['of the root', 'parent'],
    ['of a child, which no policy handles', 'parent/child'],
  ])('is refused at the start where the key is in requires %s', async (_name, path) => {
    const Limit = contextKey('limit', { schema: z.number() });
    const requires = { parameters: [Limit] as never[] };
    let items = 0;
    const Definition = reading(path === 'parent' ? undefined : requires, () => (items += 1));
    if (path === 'parent') Object.assign(Definition, { pipeline: { name: 'parent', requires } });
    const error = await rejectionOf(runPipeline(Definition, { parameters: { limit: 'five' } }));

    expect(error).toMatchObject({ code: 'CONTEXT_VALUE_INVALID', path });
    expect(items).toBe(0);
  });

  test('is parsed for define', async () => {
    const Count = contextKey('count', { schema: z.coerce.number() });
    const seen: unknown[] = [];
    class Counting {
      static readonly pipeline = { name: 'counting' };
      define(builder: PipelineBuilder, { parameters }: DefinitionContext): void {
        seen.push(parameters.get(Count), parameters.require(Count));
        builder.addSink(() => undefined, { from: builder.addSource([1]) });
      }
    }
    await runPipeline(Counting, { parameters: { count: '3' } });

    expect(seen).toEqual([3, 3]);
  });
});

describe("a composite's explicit values", () => {
  const Limit = contextKey('limit', { schema: z.coerce.number().max(9) });

  const given = (value: unknown) =>
    definePipeline('parent', (builder) => {
      const Child = definePipeline<number, number>('child', (inner) => {
        const node = inner.addTransform((_item: number, { parameters }) => parameters.require(Limit), {
          from: inner.addCompositeInput(),
        });
        inner.connect(node, inner.addCompositeOutput());
      });
      const child = builder.addComposite(Child, {
        from: builder.addSource([1], 'source'),
        with: { parameters: [[Limit, value]] },
      });
      builder.addSink((item: number) => outputs.push(item), { from: child });
    });
  let outputs: number[] = [];

  test('are parsed when the pipeline is built', async () => {
    outputs = [];
    await runPipeline(given('7'));
    expect(outputs).toEqual([7]);

    const error = await rejectionOf(runPipeline(given('70')));
    expect(error.message).toContain('CONTEXT_VALUE_INVALID'.toLowerCase());
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
