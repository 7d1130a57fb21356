import { describe, expect, test } from 'vitest';
import {
  BudgetExceededError,
  CostLedger,
  createSession,
  PipelineBuilder,
  PipelineContext,
  PipelineRunner,
  type PipelineDefinition,
  runPipeline,
} from 'heirline';
import { definePipeline } from './support/harness.js';

const ignore = (): void => undefined;

/** All names that can be reached on an object, its class included. */
function namesOf(value: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = value; at !== null && at !== Object.prototype;) {
    for (const key of Reflect.ownKeys(at)) if (typeof key === 'string') names.add(key);
    at = Object.getPrototypeOf(at) as object | null;
  }
  return [...names].filter((name) => name !== 'constructor').sort();
}

/** The static names of an object's class. */
function staticNamesOf(value: object): string[] {
  return Object.getOwnPropertyNames(value.constructor)
    .filter((name) => !['length', 'name', 'prototype'].includes(name))
    .sort();
}

const sorted = (names: string): string[] => names.split(' ').sort();

class Double implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    const double = builder.addTransform((item: number) => item * 2, { from: builder.addCompositeInput() });
    builder.connect(double, builder.addCompositeOutput());
  }
}

describe('a public object has the documented names only, so that nothing internal is reached from', () => {
  const context = new PipelineContext();
  test.each<[string, object, string, string]>([
    [
      'a context',
      context,
      'parameters items properties runId rootRunId parentRunId pipelineId pipelineName path currentNodeId parent run signal executionObserver lineageSink deadLetterSink deadLetterDecorator logger cancel onDispose explain toJSON',
      '',
    ],
    [
      'a dictionary',
      context.parameters,
      'get require has set update delete keys values entries size toObject toJSON',
      '',
    ],
    ['a session', context.run.session, 'get has set update delete keys toObject', ''],
    ['a session state', createSession(), 'get has toObject toJSON', ''],
    ['the secrets', context.run.secrets, 'get audit', ''],
    ['the costs', context.run.cost, 'record entries total under', ''],
    ['a ledger', new CostLedger(), 'record entries total under', ''],
    ['a budget', context.run.budget, 'limits spent remaining reserve', ''],
    [
      'a run',
      context.run,
      'runId rootRunId parentRunId followUpToRunId threadId correlationId traceparent tracestate tenantId principal requireTenant secrets cost session logger signal deadline budget clock cancel onCancel toCarrier toJSON',
      'fromCarrier',
    ],
    [
      'a builder',
      new PipelineBuilder(),
      'addSource addTransform addStreamTransform addSink addTap addRoute addMerge addJoin addComposite addCompositeInput addCompositeOutput connect canConnect errorPolicy tolerate setNodeMetadata validate build',
      '',
    ],
    ['a runner', new PipelineRunner(), 'run runItem stream circuits', ''],
    ['a handle', new PipelineBuilder().addSource([1]), 'id', ''],
    ['a stream', new PipelineRunner().stream(Double, [1]), 'result', ''],
  ])('%s', (_, value, names, statics) => {
    expect(namesOf(value)).toEqual(sorted(names));
    if (value.constructor !== Object) expect(staticNamesOf(value)).toEqual(statics === '' ? [] : [statics]);
  });

  test('the items that a stream transform gets', async () => {
    const seen: string[][] = [];
    await runPipeline(
      definePipeline('orders', (builder) => {
        const pass = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>): AsyncGenerator<number> {
            seen.push(namesOf(items));
            yield* items;
          },
          { from: builder.addSource([1, 2]) },
        );
        builder.addSink(ignore, { from: pass });
      }),
    );

    expect(seen).toEqual([['next', 'return']]);
  });

  test('an error of a budget', () => {
    expect(Object.getOwnPropertyNames(BudgetExceededError).sort()).toEqual(['length', 'name', 'prototype']);
  });
});

test('what a hidden constructor takes cannot be made outside', () => {
  const View = PipelineContext as new (...given: unknown[]) => PipelineContext;
  const Builder = PipelineBuilder as new (...given: unknown[]) => PipelineBuilder;
  const Runner = PipelineRunner as new (...given: unknown[]) => PipelineRunner;

  expect(new View({}, 'other').currentNodeId).toBeUndefined();
  expect(new Builder({ request: { path: 'other' } }).validate().errors[0]?.path).toBe('pipeline');
  expect(() => new Runner({}, { node: 1, replacement: 1 })).not.toThrow();
});
