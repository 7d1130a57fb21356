import { describe, expectTypeOf, test } from 'vitest';
import type { SecretScope } from 'heirline';
import {
  BackgroundQueue,
  captureContext,
  CostLedger,
  createSession,
  mapSecrets,
  PipelineBuilder,
  runDetached,
  Secret,
  type BudgetMeter,
  type CostSummary,
  type PipelineContext,
  type PipelineDefinition,
  type RunContext,
  type RunContextFields,
  type RunContextOptions,
  type RunResult,
} from 'heirline';

declare const context: PipelineContext;
declare const child: new () => PipelineDefinition<number, string>;

describe('a run context', () => {
  test('has the fields of the list, and no others', () => {
    type Method = 'requireTenant' | 'cancel' | 'onCancel' | 'toCarrier' | 'toJSON';
    expectTypeOf<Extract<Exclude<keyof RunContext, Method>, string>>().toEqualTypeOf<
      keyof RunContextFields
    >();
  });

  test('cannot be changed', () => {
    // @ts-expect-error the tenant of a run is settled when it starts
    context.run.tenantId = 'another';
    // @ts-expect-error so is who asked for it
    context.run.principal = {};
    expectTypeOf<RunContext['principal']>().toEqualTypeOf<Readonly<Record<string, unknown>> | undefined>();
  });

  test('gives what its nodes use without type arguments', () => {
    expectTypeOf(context.run.requireTenant()).toEqualTypeOf<string>();
    expectTypeOf(context.run.secrets).toEqualTypeOf<SecretScope>();
    expectTypeOf(context.run.secrets.get('KEY')).toEqualTypeOf<Promise<Secret>>();
    expectTypeOf(context.run.budget).toEqualTypeOf<BudgetMeter>();
    expectTypeOf(context.run.cost.total()).toEqualTypeOf<CostSummary[]>();
    expectTypeOf<RunResult['cost']>().toEqualTypeOf<CostSummary[]>();
    context.run.onCancel(({ kind, message }) => {
      expectTypeOf(kind).toEqualTypeOf<
        'user' | 'deadline' | 'budget' | 'superseded' | 'shutdown' | 'failure' | 'finished'
      >();
      expectTypeOf(message).toEqualTypeOf<string | undefined>();
    });
    // @ts-expect-error there is no such reason
    context.run.cancel({ kind: 'bored' });
  });
});

describe('what a run is started with', () => {
  test('may be left undefined, as options of one’s own are', () => {
    const given = {} as { tenantId?: string; budget?: { tokens?: number } };
    const run: RunContextOptions = { tenantId: given.tenantId, budget: { tokens: given.budget?.tokens } };
    expectTypeOf(run).toEqualTypeOf<RunContextOptions>();
  });

  test('is checked', () => {
    const run = (options: RunContextOptions): RunContextOptions => options;
    run({ secrets: mapSecrets({ KEY: 'value' }), cost: new CostLedger(), session: createSession({ a: 1 }) });
    run({ secrets: { resolve: (name) => Secret.of(name) } });
    run({ secrets: { resolve: (name) => Promise.resolve(name === '' ? undefined : Secret.of(name)) } });
    // @ts-expect-error a text is no secret: it would be printed
    run({ secrets: { resolve: (name: string) => name } });
    // @ts-expect-error there is no budget for time: that is timeoutMs
    run({ budget: { seconds: 5 } });
    // @ts-expect-error money has a currency
    run({ budget: { money: { amount: 5 } } });
    // @ts-expect-error the session is made by createSession
    run({ session: { a: 1 } });
    // @ts-expect-error it is called tenantId
    run({ tenant: 'acme' });
  });
});

test('a composite narrows what it passes on', () => {
  const builder = new PipelineBuilder();
  const numbers = builder.addSource([1]);
  const more = { from: numbers, secrets: ['KEY'], budget: { calls: 3 }, session: 'snapshot' } as const;
  expectTypeOf(builder.addComposite(child, more)).toEqualTypeOf(
    builder.addComposite(child, { from: numbers }),
  );
  // @ts-expect-error there is no such sharing
  builder.addComposite(child, { from: numbers, session: 'copied' });
  // @ts-expect-error names are a list
  builder.addComposite(child, { from: numbers, secrets: 'KEY' });
});

test('work in the background keeps its types', () => {
  expectTypeOf(captureContext().run(() => 5)).toEqualTypeOf<number>();
  expectTypeOf(captureContext().run(() => Promise.resolve('a'))).toEqualTypeOf<Promise<string>>();
  const numbers = async function* () {
    await Promise.resolve();
    yield 1;
  };
  expectTypeOf(captureContext().iterate([1, 2])).toEqualTypeOf<Iterable<number>>();
  expectTypeOf(captureContext().iterate(numbers())).toEqualTypeOf<AsyncIterable<number>>();
  // @ts-expect-error it cannot be iterated
  captureContext().iterate(7);
  expectTypeOf(runDetached(() => Promise.resolve(5))).toEqualTypeOf<Promise<number>>();
  const queue = new BackgroundQueue({ worker: (item: { id: number }) => item.id });
  expectTypeOf(queue.close()).toEqualTypeOf<Promise<{ drained: number; remaining: { id: number }[] }>>();
  // @ts-expect-error the worker takes something else
  expectTypeOf(queue.enqueue.bind(queue)).toBeCallableWith('a text');
});
