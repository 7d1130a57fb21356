import { describe, expect, test } from 'vitest';
import {
  contextKey,
  ParentNodeId,
  ParentPipelineId,
  ParentPipelineName,
  PipelineRunner,
  SKIP,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import { testPipeline } from 'heirline/testing';
import {
  collect,
  countsAt,
  definePipeline,
  defineStep,
  expectBalanced,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
  unhandledDuring,
} from './support/harness.js';

interface Customer {
  readonly name: string;
  readonly age: number;
}

const MinimumAge = contextKey<number>('MinimumAge');

class Validation implements PipelineDefinition<Customer, string> {
  static readonly pipeline = { name: 'validation', requires: { parameters: [MinimumAge] } };

  define(builder: PipelineBuilder<Customer, string>): void {
    const check = builder.addTransform(
      (customer: Customer, context) => {
        if (customer.age < context.parameters.require(MinimumAge))
          throw new RangeError(`${customer.name} is young`);
        return customer.name;
      },
      { name: 'check', from: builder.addCompositeInput() },
    );
    builder.connect(check, builder.addCompositeOutput());
  }
}

const Repeat = definePipeline<number, number>('repeat', (builder) => {
  const repeat = builder.addStreamTransform(
    async function* (items: AsyncIterable<number>) {
      for await (const item of items) for (const index of range(1, item)) yield item * 10 + index;
    },
    { name: 'repeat', from: builder.addCompositeInput() },
  );
  builder.connect(repeat, builder.addCompositeOutput());
});

const KeepOdd = definePipeline<number, number>('keep-odd', (builder) => {
  const keep = builder.addTransform((item: number) => (item % 2 === 1 ? item : SKIP), {
    name: 'keep',
    from: builder.addCompositeInput(),
  });
  builder.connect(keep, builder.addCompositeOutput());
});

describe('runItem', () => {
  test('sends one item through a sub-pipeline that stands alone', async () => {
    const output = await new PipelineRunner().runItem(
      Validation,
      { name: 'Ada', age: 36 },
      { parameters: { MinimumAge: 18 } },
    );

    expect(output).toBe('Ada');
  });

  test('takes an instance as well as a class', async () => {
    const parameters = [[MinimumAge, 18]] as const;

    expect(
      await new PipelineRunner().runItem(new Validation(), { name: 'Ada', age: 36 }, { parameters }),
    ).toBe('Ada');
  });

  test('gives the sub-pipeline no parent anywhere', async () => {
    const seen: PipelineContext[] = [];
    const Child = definePipeline<number, number>('child', (builder) => {
      const node = builder.addTransform(
        (item: number, context) => {
          seen.push(context);
          return item;
        },
        { from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });

    await new PipelineRunner().runItem(Child, 1);

    const [context] = seen;
    expect(seen).toHaveLength(1);
    expect(context?.parent).toBeUndefined();
    expect(context?.parentRunId).toBeUndefined();
    expect(context?.rootRunId).toBe(context?.runId);
    for (const key of [ParentNodeId, ParentPipelineId, ParentPipelineName]) {
      expect(context?.properties.has(key)).toBe(false);
      expect(context?.properties.get(key)).toBeUndefined();
    }
  });

  test('rejects as a run does, with the path of the failing node and the result', async () => {
    const error = await rejectionOf(
      new PipelineRunner().runItem(Validation, { name: 'Tom', age: 9 }, { parameters: { MinimumAge: 18 } }),
    );

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'validation/check' });
    expect(error.cause).toBeInstanceOf(RangeError);
    expectBalanced(resultOf(error));
  });

  test('fails before the item flows where a required value is missing', async () => {
    const error = await rejectionOf(new PipelineRunner().runItem(Validation, { name: 'Ada', age: 36 }));

    expect(error.code).toBe('CONTEXT_REQUIREMENT_UNMET');
    expect(error.message).toContain('MinimumAge');
  });

  test('expects exactly one output unless told otherwise', async () => {
    const runner = new PipelineRunner();

    expect(await runner.runItem(Repeat, 1)).toBe(11);
    expect((await rejectionOf(runner.runItem(Repeat, 0))).code).toBe('COMPOSITE_NO_OUTPUT');
    expect((await rejectionOf(runner.runItem(Repeat, 2))).code).toBe('COMPOSITE_MULTIPLE_OUTPUTS');
    expect((await rejectionOf(runner.runItem(KeepOdd, 2))).code).toBe('COMPOSITE_NO_OUTPUT');
  });

  test('rejects where a policy has left the item out, names that node, and keeps its error as the cause', async () => {
    const refused = new RangeError('too dear');
    const Lenient = definePipeline<number, number>('lenient', (builder) => {
      const check = builder.addTransform((): number => throwAnything(refused), {
        name: 'check',
        from: builder.addCompositeInput(),
        errorPolicy: 'skip',
      });
      builder.connect(check, builder.addCompositeOutput());
    });
    const Around = definePipeline<number, number>('around', (builder) => {
      const inner = builder.addComposite(Lenient, { name: 'inner', from: builder.addCompositeInput() });
      builder.connect(inner, builder.addCompositeOutput());
    });
    const runner = new PipelineRunner();
    const events: string[] = [];
    const executionObserver = {
      pipelineCompleted: () => events.push('completed'),
      pipelineFailed: () => events.push('failed'),
    };

    for (const output of ['one', 'first', 'last'] as const) {
      const error = await rejectionOf(runner.runItem(Lenient, 1, undefined, { output }));
      expect(error).toMatchObject({ code: 'COMPOSITE_NO_OUTPUT', path: 'lenient/check' });
      expect(error.cause).toBe(refused);
      expect(resultOf(error).status).toBe('failed');
      expectBalanced(resultOf(error));
    }
    const inner = await rejectionOf(runner.runItem(Around, 1, { executionObserver }));
    expect(inner).toMatchObject({ code: 'COMPOSITE_NO_OUTPUT', path: 'around/inner/check' });
    expect(events.at(-1)).toBe('failed');
    expect(await runner.runItem(Lenient, 1, undefined, { output: 'optional' })).toBeUndefined();
    expect(await runner.runItem(Lenient, 1, undefined, { output: 'many' })).toEqual([]);
  });

  test('awaits an item that is a promise, or anything with a then', async () => {
    const runner = new PipelineRunner();
    const seven = { then: (resolve: (value: number) => void) => resolve(7) };

    expect(await runner.runItem(KeepOdd, Promise.resolve(3) as unknown as number)).toBe(3);
    expect(await runner.runItem(KeepOdd, seven as unknown as number)).toBe(7);
    const error = await rejectionOf(
      runner.runItem(KeepOdd, Promise.reject(new RangeError('late')) as unknown as number),
    );
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'keep-odd/input' });
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  test('gives undefined for no output where the output is optional', async () => {
    const runner = new PipelineRunner();

    expect(await runner.runItem(KeepOdd, 2, {}, { output: 'optional' })).toBeUndefined();
    expect(await runner.runItem(KeepOdd, 3, {}, { output: 'optional' })).toBe(3);
  });

  test('gives all outputs in order, the first or the last of them', async () => {
    const runner = new PipelineRunner();

    expect(await runner.runItem(Repeat, 3, {}, { output: 'many' })).toEqual([31, 32, 33]);
    expect(await runner.runItem(Repeat, 0, {}, { output: 'many' })).toEqual([]);
    expect(await runner.runItem(Repeat, 3, {}, { output: 'first' })).toBe(31);
    expect(await runner.runItem(Repeat, 3, {}, { output: 'last' })).toBe(33);
  });

  test('passes null, undefined and any object as they are', async () => {
    const Pass = definePipeline<unknown, unknown>('pass', (builder) => {
      builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
    });
    const runner = new PipelineRunner();
    const object = { here: true };

    expect(await runner.runItem(Pass, null)).toBeNull();
    expect(await runner.runItem(Pass, undefined)).toBeUndefined();
    expect(await runner.runItem(Pass, object)).toBe(object);
  });
});

describe('run', () => {
  test('refuses a sub-pipeline and says what to use instead', async () => {
    const error = await rejectionOf(
      // @ts-expect-error a sub-pipeline has no items of its own
      new PipelineRunner().run(KeepOdd),
    );

    expect(error.code).toBe('SUB_PIPELINE_NEEDS_INPUT');
    expect(error.message).toMatch(/runItem|stream/);
  });
});

describe('stream', () => {
  test('sends many items through a sub-pipeline, in one execution and in order', async () => {
    const outputs = new PipelineRunner().stream(Repeat, [1, 2, 3]);

    expect(await collect(outputs)).toEqual([11, 21, 22, 31, 32, 33]);
    const result = await outputs.result;
    expect(result.status).toBe('succeeded');
    expect(countsAt(result, 'repeat/repeat')).toMatchObject({ in: 3, emitted: 6 });
    expectBalanced(result);
  });

  test('takes an async iterable, and null and undefined as items', async () => {
    const Pass = definePipeline<number | null | undefined, number | null | undefined>('pass', (builder) => {
      builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
    });
    async function* items() {
      for (const item of [1, null, undefined, 0]) {
        await nextTurn();
        yield item;
      }
    }

    expect(await collect(new PipelineRunner().stream(Pass, items()))).toEqual([1, null, undefined, 0]);
  });

  test('leaves out what the sub-pipeline filters', async () => {
    expect(await collect(new PipelineRunner().stream(KeepOdd, range(1, 6)))).toEqual([1, 3, 5]);
  });

  test('throws the same error from the iteration and from the result', async () => {
    const Fail = defineStep<number, number>('fail', 'node', (item) =>
      item === 3 ? throwAnything(new Error('three')) : item,
    );
    const outputs = new PipelineRunner().stream(Fail, range(1, 5));
    const seen: number[] = [];

    const error = await rejectionOf(
      (async () => {
        for await (const item of outputs) seen.push(item);
      })(),
    );

    expect(seen).toEqual([1, 2]);
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'fail/node' });
    expect(await rejectionOf(outputs.result)).toBe(error);
  });

  test('leaves nothing unhandled when nobody looks at the result', async () => {
    const Fail = defineStep<number, number>('fail', 'node', () => throwAnything(new Error('no')));

    const unhandled = await unhandledDuring(async () => {
      await rejectionOf(collect(new PipelineRunner().stream(Fail, [1])));
    });

    expect(unhandled).toEqual([]);
  });

  test('ends the run and closes the input when the reader stops early', async () => {
    let closed = false;
    function* endless() {
      try {
        for (let item = 1; ; item += 1) yield item;
      } finally {
        closed = true;
      }
    }
    const outputs = new PipelineRunner().stream(KeepOdd, endless());
    const seen: number[] = [];

    for await (const item of outputs) {
      seen.push(item);
      if (seen.length === 3) break;
    }
    await outputs.result.then(
      () => undefined,
      () => undefined,
    );

    expect(seen).toEqual([1, 3, 5]);
    expect(closed).toBe(true);
  });

  test('does not read ahead of its reader without end', async () => {
    let pulled = 0;
    function* endless() {
      for (;;) yield ++pulled;
    }
    let read = 0;
    for await (const item of new PipelineRunner().stream(
      defineStep<number, number>('s', 'n', (n) => n),
      endless(),
    )) {
      read = item;
      await nextTurn();
      expect(pulled).toBeLessThanOrEqual(read + 16);
      if (read === 100) break;
    }
    expect(read).toBe(100);
  });
});

describe('a sub-pipeline tested without its parent, or a parent without its sub-pipeline', () => {
  const orders = (outputs: string[]) =>
    definePipeline('orders', (builder) => {
      const customers = builder.addSource(
        [
          { name: 'Ada', age: 36 },
          { name: 'Tom', age: 9 },
        ],
        'customers',
      );
      const validate = builder.addComposite(Validation, {
        name: 'validate',
        from: customers,
        contextConfiguration: { inheritParentParameters: true },
        with: { properties: { reason: 'sign-up' } },
      });
      builder.connect(
        validate,
        builder.addSink((name: string) => outputs.push(name), 'save'),
      );
    });

  test('the stub sees each input and the child context that would have been passed', async () => {
    const run = await testPipeline(orders([]))
      .withParameter(MinimumAge, 18)
      .withChild(Validation, (customer, context) => {
        expect(context.parameters.get(MinimumAge)).toBe(18);
        return customer.name.toUpperCase();
      })
      .run();

    expect(run.errors).toEqual([]);
    expect(run.succeeded).toBe(true);
    const child = run.child(Validation);
    expect(child.inputs).toEqual([
      { name: 'Ada', age: 36 },
      { name: 'Tom', age: 9 },
    ]);
    expect(child.contexts).toHaveLength(2);
    for (const context of child.contexts) {
      expect(context.parameters.toObject()).toEqual({ MinimumAge: 18 });
      expect(context.properties.get('reason')).toBe('sign-up');
      expect(context.parent).toMatchObject({ nodeId: 'validate', pipelineName: 'orders' });
      expect(context.pipelineName).toBe('validation');
    }
    expect(new Set(child.contexts.map((context) => context.pipelineId)).size).toBe(2);
    expect(run.sink('save')).toEqual(['ADA', 'TOM']);
  });

  test('the same parent runs with the real child elsewhere, the stub touches nothing else', async () => {
    const Parent = orders([]);
    await testPipeline(Parent)
      .withParameter(MinimumAge, 18)
      .withChild(Validation, () => 'stub')
      .run();

    const error = await rejectionOf(new PipelineRunner().run(Parent, { parameters: { MinimumAge: 18 } }));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'orders/validate/check' });
  });
});
