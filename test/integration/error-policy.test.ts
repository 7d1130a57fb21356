import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  errorPolicy,
  fixed,
  PipelineError,
  runPipeline,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import {
  codesOf,
  countsAt,
  definePipeline,
  errorOf,
  expectBalanced,
  gate,
  KeptLetters,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
} from './support/harness.js';

type Policy = ReturnType<typeof errorPolicy>;
type Step = (item: number, context: PipelineContext) => number | Promise<number>;

/** A transform `node` under a policy. */
function guarded(policy: Policy | undefined, step: Step, items: Iterable<number>, outputs: number[] = []) {
  return definePipeline('parent', (builder) => {
    const node = builder.addTransform(step, {
      name: 'node',
      from: builder.addSource(items, 'source'),
      errorPolicy: policy,
    });
    builder.connect(
      node,
      builder.addSink((item: number) => outputs.push(item), 'sink'),
    );
  });
}

/** A composite `child` under a policy, whose transform is `node`. */
function guardedChild(
  policy: Policy | undefined,
  step: Step,
  items: Iterable<number>,
  outputs: number[] = [],
) {
  const Child = definePipeline<number, number>('child-pipeline', (builder) => {
    const node = builder.addTransform(step, { name: 'node', from: builder.addCompositeInput() });
    builder.connect(node, builder.addCompositeOutput());
  });
  return definePipeline('parent', (builder) => {
    const child = builder.addComposite(Child, {
      name: 'child',
      from: builder.addSource(items, 'source'),
      errorPolicy: policy,
    });
    builder.connect(
      child,
      builder.addSink((item: number) => outputs.push(item), 'sink'),
    );
  });
}

/** Fails the first `times` calls for each item. */
function failing(times: number, error: () => unknown = () => new Error('busy')) {
  const calls = new Map<number, number>();
  const step = (item: number): number => {
    const call = (calls.get(item) ?? 0) + 1;
    calls.set(item, call);
    return call <= times ? throwAnything(error()) : item;
  };
  return { calls, step };
}

const oddsFail: Step = (item) =>
  item % 2 === 1 ? throwAnything(new RangeError(`${String(item)} is odd`)) : item;

describe('without a policy', () => {
  test('the first failure ends the run', async () => {
    const outputs: number[] = [];

    const error = await rejectionOf(runPipeline(guarded(undefined, oddsFail, [2, 4, 5, 6], outputs)));

    expect(error.code).toBe('NODE_FAILED');
    expect(outputs).toEqual([2, 4]);
  });

  test('fail says the same in so many words', async () => {
    const error = await rejectionOf(runPipeline(guarded(errorPolicy('fail'), oddsFail, [2, 5, 6])));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/node' });
  });
});

describe('skip', () => {
  for (const [title, policy] of [
    ['in short', errorPolicy('skip')],
    ['as a rule', errorPolicy({ then: 'skip' })],
  ] as const) {
    test(`${title}: leaves failed items out, counted as filtered, and goes on`, async () => {
      const outputs: number[] = [];

      const result = await runPipeline(guarded(policy, oddsFail, range(1, 6), outputs));

      expect(outputs).toEqual([2, 4, 6]);
      expect(countsAt(result, 'parent/node')).toMatchObject({ in: 6, out: 3, filtered: 3, failed: 0 });
      expectBalanced(result);
    });
  }

  test('works on items that reject, also side by side', async () => {
    const outputs: number[] = [];
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const node = builder.addTransform(
          async (item: number, context: PipelineContext) => {
            await nextTurn();
            return oddsFail(item, context);
          },
          {
            name: 'node',
            from: builder.addSource(range(1, 40), 'source'),
            concurrency: 8,
            errorPolicy: errorPolicy('skip'),
          },
        );
        builder.connect(
          node,
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual(range(1, 20).map((item) => item * 2));
    expectBalanced(result);
  });

  test('on a composite leaves the item out, and the child’s failure stays a failure in the child', async () => {
    const outputs: number[] = [];

    const result = await runPipeline(guardedChild(errorPolicy('skip'), oddsFail, range(1, 4), outputs));

    expect(outputs).toEqual([2, 4]);
    expect(countsAt(result, 'parent/child')).toMatchObject({ in: 4, out: 2, filtered: 2, failed: 0 });
    expect(countsAt(result, 'parent/child/node')).toMatchObject({ in: 4, out: 2, failed: 2 });
    expectBalanced(result);
  });

  test('inside a child counts as handled: the parent sees the item filtered, whatever outputs it expects', async () => {
    for (const output of ['one', 'optional', 'many', 'first', 'last'] as const) {
      const outputs: number[] = [];
      const Child = definePipeline<number, number>('child-pipeline', (builder) => {
        const node = builder.addTransform(oddsFail, {
          name: 'node',
          from: builder.addCompositeInput(),
          errorPolicy: errorPolicy('skip'),
        });
        builder.connect(node, builder.addCompositeOutput());
      });
      const result = await runPipeline(
        definePipeline('parent', (builder) => {
          const child = builder.addComposite(Child, {
            name: 'child',
            from: builder.addSource(range(1, 4), 'source'),
            output,
          });
          builder.connect(
            child,
            builder.addSink((item: number) => outputs.push(item), 'sink'),
          );
        }),
      );

      expect(outputs).toEqual([2, 4]);
      expect(countsAt(result, 'parent/child')).toMatchObject({ in: 4, out: 2, filtered: 2, failed: 0 });
      expectBalanced(result);
    }
  });

  test('counts as handled at every composite around it, also one that runs over the whole stream', async () => {
    for (const granularity of ['item', 'stream'] as const) {
      const Inner = definePipeline<number, number>('inner', (builder) => {
        const node = builder.addTransform(oddsFail, {
          name: 'node',
          from: builder.addCompositeInput(),
          errorPolicy: errorPolicy('skip'),
        });
        builder.connect(node, builder.addCompositeOutput());
      });
      const Outer = definePipeline<number, number>('outer', (builder) => {
        const inner = builder.addComposite(Inner, {
          name: 'inner',
          from: builder.addCompositeInput(),
          granularity,
        });
        builder.connect(inner, builder.addCompositeOutput());
      });
      const outputs: number[] = [];
      const result = await runPipeline(
        definePipeline('parent', (builder) => {
          const outer = builder.addComposite(Outer, {
            name: 'outer',
            from: builder.addSource(range(1, 4), 'source'),
          });
          builder.connect(
            outer,
            builder.addSink((item: number) => outputs.push(item), 'sink'),
          );
        }),
      );

      expect(outputs).toEqual([2, 4]);
      expect(countsAt(result, 'parent/outer')).toMatchObject({ in: 4, out: 2, filtered: 2, failed: 0 });
      expectBalanced(result);
    }
  });

  test('on a sink drops the item', async () => {
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        builder.connect(
          builder.addSource(range(1, 4), 'source'),
          builder.addSink(oddsFail, { name: 'sink', errorPolicy: errorPolicy('skip') }),
        );
      }),
    );

    expect(countsAt(result, 'parent/sink')).toMatchObject({ in: 4, out: 2, filtered: 2 });
  });
});

describe('retry', () => {
  test('tries again until it works; attempts counts all tries, the first included', async () => {
    const outputs: number[] = [];
    const { calls, step } = failing(2);
    const policy = errorPolicy({ then: { retry: { attempts: 3, delay: fixed(0) } } });

    const result = await runPipeline(guarded(policy, step, [1, 2], outputs));

    expect(outputs).toEqual([1, 2]);
    expect([...calls.values()]).toEqual([3, 3]);
    expect(countsAt(result, 'parent/node')).toMatchObject({ in: 2, out: 2, failed: 0, retried: 4 });
    expectBalanced(result);
  });

  test.each([
    ['without a dead-letter sink', undefined],
    ['with one', new KeptLetters()],
  ])('that is exhausted fails, %s', async (_, deadLetterSink) => {
    const { calls, step } = failing(9);
    const policy = errorPolicy({ then: { retry: { attempts: 3, delay: fixed(0) } } });

    const error = await rejectionOf(runPipeline(guarded(policy, step, [1]), { deadLetterSink }));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/node' });
    expect(error.message).toContain('The node failed after 3 tries:');
    expect(calls.get(1)).toBe(3);
    expect(countsAt(resultOf(error), 'parent/node')).toMatchObject({ in: 1, failed: 1, retried: 2 });
  });

  test('that is exhausted leaves the item to the next rule that takes the error', async () => {
    const letters = new KeptLetters();
    const policy = errorPolicy(
      { then: { retry: { attempts: 2, delay: fixed(0) } } },
      { on: TypeError, then: 'fail' },
      { then: 'deadLetter' },
    );

    const result = await runPipeline(guarded(policy, failing(9).step, [1]), { deadLetterSink: letters });

    expect(letters.envelopes.map((letter) => letter.attempts)).toEqual([2]);
    expect(countsAt(result, 'parent/node')).toMatchObject({ in: 1, deadLettered: 1, retried: 1 });
  });

  test('that is exhausted does what it was told', async () => {
    const letters = new KeptLetters();
    const exhausted = (decision: 'skip' | 'fail' | 'deadLetter') =>
      runPipeline(
        guarded(
          errorPolicy({ then: { retry: { attempts: 2, delay: fixed(0), exhausted: decision } } }),
          failing(9).step,
          [1],
        ),
        { deadLetterSink: letters },
      );

    expect(countsAt(await exhausted('skip'), 'parent/node')).toMatchObject({ in: 1, filtered: 1 });
    expect(letters.envelopes).toEqual([]);
    expect((await rejectionOf(exhausted('fail'))).code).toBe('NODE_FAILED');
    expect(letters.envelopes).toEqual([]);
    expect(countsAt(await exhausted('deadLetter'), 'parent/node')).toMatchObject({ in: 1, deadLettered: 1 });
    expect(letters.envelopes).toHaveLength(1);
  });

  test('waits its delay between tries', async () => {
    const policy = errorPolicy({ then: { retry: { attempts: 3, delay: fixed(15) } } });
    const started = performance.now();

    await runPipeline(guarded(policy, failing(2).step, [1]));

    expect(performance.now() - started).toBeGreaterThanOrEqual(28);
  });

  test('keeps the order of the items, also side by side', async () => {
    const outputs: number[] = [];
    const { step } = failing(1);
    await runPipeline(
      definePipeline('parent', (builder) => {
        const node = builder.addTransform(
          async (item: number) => {
            await nextTurn();
            return item % 3 === 0 ? step(item) : item;
          },
          {
            name: 'node',
            from: builder.addSource(range(1, 30), 'source'),
            concurrency: 4,
            errorPolicy: errorPolicy({ then: { retry: { attempts: 2, delay: fixed(1) } } }),
          },
        );
        builder.connect(
          node,
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual(range(1, 30));
  });

  test('on a composite runs the whole child again, as a new execution', async () => {
    const pipelineIds: string[] = [];
    const runIds = new Set<string>();
    const { calls, step } = failing(2);
    const outputs: number[] = [];
    const policy = errorPolicy({ then: { retry: { attempts: 3, delay: fixed(0) } } });

    const result = await runPipeline(
      guardedChild(
        policy,
        (item, context) => {
          pipelineIds.push(context.pipelineId);
          runIds.add(context.runId);
          return step(item);
        },
        [1],
        outputs,
      ),
    );

    expect(calls.get(1)).toBe(3);
    expect(new Set(pipelineIds).size).toBe(3);
    expect(runIds.size).toBe(1);
    expect(outputs).toEqual([1]);
    expect(countsAt(result, 'parent/child')).toMatchObject({ in: 1, out: 1, retried: 2 });
    expectBalanced(result);
  });

  test('on a composite with many outputs emits the outputs of the successful try only', async () => {
    const outputs: string[] = [];
    let tries = 0;
    const Child = definePipeline<number, string>('child-pipeline', (builder) => {
      const spread = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) {
            tries += 1;
            const attempt = tries;
            for (const part of ['a', 'b', 'c']) {
              if (attempt < 3 && part === 'c') throw new Error('busy');
              yield `${part}${String(item)} of try ${String(attempt)}`;
            }
          }
        },
        { name: 'spread', from: builder.addCompositeInput() },
      );
      builder.connect(spread, builder.addCompositeOutput());
    });
    await runPipeline(
      definePipeline('parent', (builder) => {
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource([1], 'source'),
          output: 'many',
          errorPolicy: errorPolicy({ then: { retry: { attempts: 3, delay: fixed(0) } } }),
        });
        builder.connect(
          child,
          builder.addSink((item: string) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual(['a1 of try 3', 'b1 of try 3', 'c1 of try 3']);
  });

  test('under many without a policy outputs leave as they come', async () => {
    const received = gate();
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const spread = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) {
            yield item;
            await received.opened;
            yield item + 1;
          }
        },
        { name: 'spread', from: builder.addCompositeInput() },
      );
      builder.connect(spread, builder.addCompositeOutput());
    });
    const outputs: number[] = [];

    await runPipeline(
      definePipeline('parent', (builder) => {
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource([1], 'source'),
          output: 'many',
        });
        builder.connect(
          child,
          builder.addSink((item: number) => {
            outputs.push(item);
            received.open();
          }, 'sink'),
        );
      }),
    );

    expect(outputs).toEqual([1, 2]);
  });
});

describe('rules', () => {
  test('are asked in order, and the first that matches decides', async () => {
    const letters = new KeptLetters();
    const outputs: number[] = [];
    class Unknown extends Error {}
    class Temporary extends Error {}
    const { calls, step } = failing(1, () => new Temporary('later'));
    const policy = errorPolicy(
      { on: Unknown, then: 'deadLetter' },
      { on: Temporary, then: { retry: { attempts: 2, delay: fixed(0) } } },
      { then: 'skip' },
    );

    const result = await runPipeline(
      guarded(
        policy,
        (item) => {
          if (item === 1) throw new Unknown('who');
          if (item === 2) return step(item);
          if (item === 3) throw new Error('anything else');
          return item;
        },
        range(1, 4),
        outputs,
      ),
      { deadLetterSink: letters },
    );

    expect(outputs).toEqual([2, 4]);
    expect(calls.get(2)).toBe(2);
    expect(letters.envelopes.map((letter) => letter.item)).toEqual([1]);
    expect(countsAt(result, 'parent/node')).toMatchObject({
      in: 4,
      out: 2,
      filtered: 1,
      deadLettered: 1,
      retried: 1,
    });
  });

  test('of which none matches fail', async () => {
    const error = await rejectionOf(
      runPipeline(guarded(errorPolicy({ on: TypeError, then: 'skip' }), oddsFail, [1])),
    );

    expect(error.cause).toBeInstanceOf(RangeError);
  });

  test('match an error class and its subclasses, a code, or whatever a predicate says', async () => {
    const original = Object.assign(new RangeError('gone'), { code: 'ENOENT' });
    const asked: unknown[] = [];
    const predicate = (error: unknown): boolean => {
      asked.push(error);
      return true;
    };
    for (const on of [RangeError, Error, 'ENOENT', predicate]) {
      const result = await runPipeline(
        guarded(errorPolicy({ on, then: 'skip' }), () => throwAnything(original), [1]),
      );
      expect(countsAt(result, 'parent/node').filtered).toBe(1);
    }
    for (const on of [TypeError, 'EACCES', () => false]) {
      const error = await rejectionOf(
        runPipeline(guarded(errorPolicy({ on, then: 'skip' }), () => throwAnything(original), [1])),
      );
      expect(error.cause).toBe(original);
    }
    expect(asked[0]).toBe(original);
  });

  test('on a composite are asked with the original error and with the NODE_FAILED around it', async () => {
    const original = new RangeError('gone');
    const asked: unknown[] = [];
    const never = (error: unknown): boolean => {
      asked.push(error);
      return false;
    };

    for (const on of [RangeError, 'NODE_FAILED', PipelineError]) {
      const result = await runPipeline(
        guardedChild(errorPolicy({ on, then: 'skip' }), () => throwAnything(original), [1]),
      );
      expect(countsAt(result, 'parent/child').filtered).toBe(1);
    }
    await rejectionOf(
      runPipeline(guardedChild(errorPolicy({ on: never, then: 'skip' }), () => throwAnything(original), [1])),
    );

    expect(asked).toContain(original);
    expect(asked.filter((error) => error instanceof PipelineError).map((error) => error.code)).toEqual([
      'NODE_FAILED',
    ]);
  });

  test('see the failure of a grandchild as one error, not wrapped again on its way', async () => {
    const original = new RangeError('gone');
    const Inner = definePipeline<number, number>('inner', (builder) => {
      const node = builder.addTransform((): number => throwAnything(original), {
        name: 'node',
        from: builder.addCompositeInput(),
      });
      builder.connect(node, builder.addCompositeOutput());
    });
    const Outer = definePipeline<number, number>('outer', (builder) => {
      const inner = builder.addComposite(Inner, {
        name: 'inner',
        from: builder.addCompositeInput(),
        errorPolicy: errorPolicy({ on: TypeError, then: 'skip' }),
      });
      builder.connect(inner, builder.addCompositeOutput());
    });
    const asked: unknown[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const outer = builder.addComposite(Outer, {
        name: 'outer',
        from: builder.addSource([1], 'source'),
        errorPolicy: errorPolicy({
          on: (error) => {
            asked.push(error);
            return error instanceof RangeError;
          },
          then: 'skip',
        }),
      });
      builder.connect(
        outer,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const result = await runPipeline(Parent);

    expect(asked).toContain(original);
    expect(countsAt(result, 'parent/outer')).toMatchObject({ in: 1, filtered: 1 });
    expect(countsAt(result, 'parent/outer/inner')).toMatchObject({ in: 1, failed: 1 });
    expectBalanced(result);
  });

  test('decide about what the engine itself finds wrong, by its own code', async () => {
    const outputs: number[] = [];
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const spread = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) for (const part of range(1, item)) yield item * 10 + part;
        },
        { name: 'spread', from: builder.addCompositeInput() },
      );
      builder.connect(spread, builder.addCompositeOutput());
    });
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource([0, 1, 2], 'source'),
          errorPolicy: errorPolicy(
            { on: 'COMPOSITE_NO_OUTPUT', then: 'skip' },
            { on: 'COMPOSITE_MULTIPLE_OUTPUTS', then: 'skip' },
          ),
        });
        builder.connect(
          child,
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual([11]);
    expect(countsAt(result, 'parent/child')).toMatchObject({ in: 3, out: 1, filtered: 2 });
  });

  test('a missing requirement of a child is decided by no policy', async () => {
    class Needy implements PipelineDefinition<number, number> {
      static readonly pipeline = { name: 'needy', requires: { parameters: ['Key'] } };
      define(builder: PipelineBuilder<number, number>): void {
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource([1, 2], 'source');
      const forget = builder.addTransform(
        (item: number, context) => {
          if (item === 2) context.parameters.delete('Key');
          return item;
        },
        { name: 'forget', from: source },
      );
      const child = builder.addComposite(Needy, {
        name: 'child',
        from: forget,
        contextConfiguration: { inheritParentParameters: true },
        errorPolicy: errorPolicy('skip'),
      });
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const error = await rejectionOf(runPipeline(Parent, { parameters: { Key: 'here' } }));

    expect(error.code).toBe('CONTEXT_REQUIREMENT_UNMET');
    expect(countsAt(resultOf(error), 'parent/child')).toMatchObject({
      in: 2,
      out: 1,
      failed: 1,
      filtered: 0,
    });
    expectBalanced(resultOf(error));
  });
});

describe('a policy that makes no sense', () => {
  /** What making the policy, or building with it, complains about. */
  const complaints = (make: () => Policy): string[] =>
    codesOf(errorOf(() => buildPipeline(guarded(make(), (item) => item, [1]))));

  test('a catch-all before another rule is POLICY_INVALID, since what follows would never be asked', () => {
    expect(complaints(() => errorPolicy('skip', { on: TypeError, then: 'fail' }))).toEqual([
      'POLICY_INVALID',
    ]);
    expect(complaints(() => errorPolicy({ then: 'skip' }, { on: TypeError, then: 'fail' }))).toEqual([
      'POLICY_INVALID',
    ]);
  });

  test('an impossible number of attempts or an impossible delay is POLICY_INVALID', () => {
    for (const attempts of [0, -1, 1.5, Number.NaN]) {
      expect(complaints(() => errorPolicy({ then: { retry: { attempts, delay: fixed(0) } } }))).toEqual([
        'POLICY_INVALID',
      ]);
    }
    for (const ms of [-1, Number.NaN]) {
      expect(complaints(() => errorPolicy({ then: { retry: { attempts: 2, delay: fixed(ms) } } }))).toEqual([
        'POLICY_INVALID',
      ]);
    }
  });

  test('a decision that does not exist is POLICY_INVALID', () => {
    expect(complaints(() => errorPolicy('ignore' as 'skip'))).toEqual(['POLICY_INVALID']);
    expect(complaints(() => errorPolicy({ then: 'ignore' as 'skip' }))).toEqual(['POLICY_INVALID']);
  });
});
