import { describe, expectTypeOf, test } from 'vitest';
import type { PipelineError, RunCancelledError } from 'heirline';
import {
  buildPipeline,
  errorPolicy,
  fixed,
  PipelineBuilder,
  PipelineRunner,
  runPipeline,
  SKIP,
  type CancelReason,
  type DeadLetterEnvelope,
  type DeadLetterSink,
  type Definition,
  type DefinitionContext,
  type ExecutionObserver,
  type ItemRetried,
  type LineageRecord,
  type LineageSink,
  type NodeContainer,
  type NodeCounts,
  type NoItem,
  type PipelineDefinition,
  type PipelineGraph,
  type RootDefinition,
  type RunHandle,
  type RunResult,
  type TakenBy,
  type TransformHandle,
} from 'heirline';
import { RunEvents } from 'heirline/events';
import { testPipeline } from 'heirline/testing';
import { Container } from 'inversify';

class Root implements PipelineDefinition {
  define(_builder: PipelineBuilder): void {
    // describes nothing
  }
}
class Length implements PipelineDefinition<string, number> {
  define(_builder: PipelineBuilder<string, number>): void {
    // describes nothing
  }
}

const runner = new PipelineRunner();

describe('running a root pipeline', () => {
  test('gives a result', () => {
    expectTypeOf(runner.run(Root)).resolves.toEqualTypeOf<RunResult>();
    expectTypeOf(runner.run(new Root(), { parameters: { a: 1 } })).resolves.toEqualTypeOf<RunResult>();
    expectTypeOf(runPipeline(Root)).resolves.toEqualTypeOf<RunResult>();
    expectTypeOf<RunResult['nodes']>().toEqualTypeOf<ReadonlyMap<string, NodeCounts>>();
    expectTypeOf<RunResult['status']>().toEqualTypeOf<'succeeded' | 'failed' | 'cancelled'>();
    expectTypeOf<RunResult['abandoned']>().toEqualTypeOf<readonly string[]>();
  });

  test('takes a definition without types, and one that is written in place', () => {
    void runner.run(
      class {
        define(): void {
          // describes nothing
        }
      },
    );
    void runner.run({
      define(builder, context) {
        expectTypeOf(builder).toEqualTypeOf<PipelineBuilder>();
        expectTypeOf(context).toEqualTypeOf<DefinitionContext>();
      },
    });
    const handedOn = (definition: Definition<NoItem, NoItem>): Promise<RunResult> => runner.run(definition);
    expectTypeOf(handedOn).parameter(0).toEqualTypeOf<Definition<NoItem, NoItem>>();
  });

  test('says of a sub-pipeline how it is run, and nothing else', () => {
    type Refusal = 'This is a sub-pipeline, which takes items: use runItem or stream';
    expectTypeOf<RootDefinition<string, number>>().toEqualTypeOf<Refusal>();
    expectTypeOf<RootDefinition<string, NoItem>>().toEqualTypeOf<Refusal>();
    expectTypeOf<RootDefinition<NoItem, number>>().toEqualTypeOf<Refusal>();
    expectTypeOf<RootDefinition<NoItem, NoItem>>().toEqualTypeOf<Definition<NoItem, NoItem>>();
  });

  test('refuses a sub-pipeline and what is no definition', () => {
    // @ts-expect-error a sub-pipeline needs items
    void runner.run(Length);
    // @ts-expect-error a sub-pipeline needs items
    void runPipeline(Length);
    // @ts-expect-error no definition
    void runner.run({});
  });
});

describe('running a sub-pipeline alone', () => {
  test('gives its output, as the cardinality says', () => {
    expectTypeOf(runner.runItem(Length, 'a')).resolves.toEqualTypeOf<number>();
    expectTypeOf(runner.runItem(Length, 'a', {}, { output: 'one' })).resolves.toEqualTypeOf<number>();
    expectTypeOf(runner.runItem(Length, 'a', {}, { output: 'many' })).resolves.toEqualTypeOf<number[]>();
    expectTypeOf(runner.runItem(Length, 'a', {}, { output: 'optional' })).resolves.toEqualTypeOf<
      number | undefined
    >();
    // @ts-expect-error the sub-pipeline takes strings
    void runner.runItem(Length, 42);
  });

  test('over a stream gives its outputs and a result', () => {
    const outputs = runner.stream(Length, ['a']);
    expectTypeOf(outputs).toExtend<AsyncIterable<number>>();
    expectTypeOf(outputs.result).resolves.toEqualTypeOf<RunResult>();
    // @ts-expect-error the sub-pipeline takes strings
    void runner.stream(Length, [42]);
  });

  test('says of a pipeline without items how it is run', () => {
    type Refusal = 'This pipeline takes no items: use run';
    expectTypeOf<TakenBy<NoItem, NoItem>>().toEqualTypeOf<NoItem | Refusal>();
    // @ts-expect-error a root takes no items
    void runner.runItem(Root, 42);
    // @ts-expect-error a root takes no items
    void runner.stream(Root, [42]);
  });

  test('can be handed on by a generic function', () => {
    const one = <TIn, TOut>(definition: Definition<TIn, TOut>, item: TIn): Promise<TOut> =>
      runner.runItem(definition, item);
    const all = <TIn, TOut>(definition: Definition<TIn, TOut>, items: TIn[]): AsyncIterable<TOut> =>
      runner.stream(definition, items);
    expectTypeOf(one(Length, 'a')).resolves.toEqualTypeOf<number>();
    expectTypeOf(all(Length, ['a'])).toEqualTypeOf<AsyncIterable<number>>();
  });
});

describe('building', () => {
  test('takes roots and sub-pipelines, classes and instances', () => {
    expectTypeOf(buildPipeline(Root)).toEqualTypeOf<PipelineGraph>();
    expectTypeOf(buildPipeline(Length)).toEqualTypeOf<PipelineGraph>();
    expectTypeOf(buildPipeline(new Length(), { parameters: { a: 1 } })).toEqualTypeOf<PipelineGraph>();
    expectTypeOf<PipelineGraph['childGraphs']>().toEqualTypeOf<ReadonlyMap<string, PipelineGraph>>();
  });
});

describe('errors', () => {
  test('carry what there is', () => {
    expectTypeOf<PipelineError['code']>().toExtend<string>();
    expectTypeOf<PipelineError['path']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<PipelineError['result']>().toEqualTypeOf<RunResult | undefined>();
    expectTypeOf<PipelineError['cause']>().toBeUnknown();
    expectTypeOf<RunCancelledError>().toExtend<PipelineError>();
    expectTypeOf<RunCancelledError['kind']>().toEqualTypeOf<CancelReason['kind']>();
  });
});

describe('ports', () => {
  test('take callbacks that return anything', () => {
    const letters: DeadLetterEnvelope[] = [];
    const records: LineageRecord[] = [];
    expectTypeOf({ write: (letter: DeadLetterEnvelope) => letters.push(letter) }).toExtend<DeadLetterSink>();
    expectTypeOf({ record: (record: LineageRecord) => records.push(record) }).toExtend<LineageSink>();
    const observer: ExecutionObserver = { nodeStarted: (event) => event.path.length };
    void runner.run(Root, {
      deadLetterSink: { write: (letter) => letters.push(letter) },
      lineageSink: { record: (record) => records.push(record) },
      executionObserver: observer,
    });
  });

  test('let an observer be told apart by event', () => {
    const observer: ExecutionObserver = {
      nodeCompleted: (event) => {
        expectTypeOf(event.type).toEqualTypeOf<'nodeCompleted'>();
        expectTypeOf(event.outcome).toEqualTypeOf<'succeeded' | 'failed' | 'cancelled'>();
      },
    };
    expectTypeOf(observer).toExtend<ExecutionObserver>();
  });

  test('let RunEvents type what each listener hears', () => {
    const events = new RunEvents();
    const stop = events.on('itemRetried', (event) => {
      expectTypeOf(event).toEqualTypeOf<ItemRetried>();
    });
    expectTypeOf(stop).toEqualTypeOf<() => void>();
    expectTypeOf(events).toExtend<ExecutionObserver>();
    // @ts-expect-error there is no such event
    events.on('itemRetryed', () => undefined);
  });

  test('take an inversify container as it is', () => {
    expectTypeOf(Container).instance.toExtend<NodeContainer>();
    expectTypeOf(PipelineRunner).toBeConstructibleWith({ container: new Container() });
    expectTypeOf(PipelineRunner).toBeConstructibleWith({ container: undefined, graceMs: undefined });
    // @ts-expect-error the name is misspelt
    expectTypeOf(PipelineRunner).toBeConstructibleWith({ grace: 5 });
  });
});

describe('error policies', () => {
  test('take short forms and rules', () => {
    errorPolicy(
      { on: TypeError, then: 'skip' },
      { on: 'NODE_TIMEOUT', then: { retry: { attempts: 3, delay: fixed(5), exhausted: 'skip' } } },
      { on: (error: unknown) => error instanceof Error, then: 'deadLetter' },
      { then: 'fail' },
    );
    errorPolicy('skip');
    errorPolicy('deadLetter');
    // @ts-expect-error there is no such decision
    errorPolicy('ignore');
    // @ts-expect-error a retry says how often
    errorPolicy({ then: { retry: { delay: fixed(5) } } });
  });

  test('take a delay and a preparation of the error that the rule chooses', () => {
    class BusyError extends Error {
      readonly retryAfterMs = 20;
    }
    const delay = (_attempt: number, error: BusyError): number => error.retryAfterMs;
    const before = ({ retryAfterMs }: BusyError): Promise<number> => Promise.resolve(retryAfterMs);
    errorPolicy({ on: BusyError, then: { retry: { attempts: 3, delay, before } } });
    // @ts-expect-error a wait is a number
    errorPolicy({ then: { retry: { attempts: 3, delay: () => '20' } } });
    // @ts-expect-error the number of the try comes first
    errorPolicy({ then: { retry: { attempts: 3, delay: (error: BusyError) => error.retryAfterMs } } });
  });

  test('widen what a node gives by what their fallbacks give', () => {
    const builder = new PipelineBuilder();
    const numbers = builder.addSource([1]);
    const half = (item: number) => item / 2;
    const plain = builder.addTransform(half, { from: numbers, errorPolicy: errorPolicy('skip') });
    expectTypeOf(plain).toEqualTypeOf<TransformHandle<number, number>>();
    const same = builder.addTransform(half, {
      from: numbers,
      errorPolicy: errorPolicy({ then: { fallback: (item: number) => Promise.resolve(-item) } }),
    });
    expectTypeOf(same).toEqualTypeOf<TransformHandle<number, number>>();
    const wider = builder.addTransform(half, {
      from: numbers,
      errorPolicy: errorPolicy(
        { on: TypeError, then: { fallback: () => SKIP } },
        { then: { retry: { attempts: 2, exhausted: { fallback: (): string => 'none' } } } },
      ),
    });
    expectTypeOf(wider).toEqualTypeOf<TransformHandle<number, number | string>>();
    class Texts implements PipelineDefinition<number, string> {
      define(inner: PipelineBuilder<number, string>): void {
        inner.addCompositeOutput({ from: inner.addTransform(String, { from: inner.addCompositeInput() }) });
      }
    }
    const byPipeline = builder.addTransform(half, {
      from: numbers,
      errorPolicy: errorPolicy(
        { on: RangeError, then: { fallback: Texts } },
        { then: { fallback: new Texts() } },
      ),
    });
    expectTypeOf(byPipeline).toEqualTypeOf<TransformHandle<number, number | string>>();
    const numberSink = builder.addSink((item: number) => item);
    builder.connect(same, numberSink);
    // @ts-expect-error the fallback gives texts
    builder.connect(byPipeline, numberSink);
    // @ts-expect-error a class that describes no pipeline is no fallback
    errorPolicy({ then: { fallback: class Nothing {} } });
    // @ts-expect-error the fallback gives a text
    builder.connect(wider, numberSink);
    builder.errorPolicy(errorPolicy({ then: { retry: { attempts: 2 } } }), { children: true });
    // @ts-expect-error a default policy knows no node whose type its fallback would fit
    builder.errorPolicy(errorPolicy({ then: { fallback: () => 0 } }));
  });
});

describe('testPipeline', () => {
  test('knows what goes in and what comes out', async () => {
    const run = await testPipeline(Length).input(['a']).run();
    expectTypeOf(run.outputs).toExtend<readonly number[]>();
    expectTypeOf(run.result).toEqualTypeOf<RunResult>();
    expectTypeOf(run.succeeded).toBeBoolean();
    expectTypeOf(run.child(Length).inputs).toExtend<readonly string[]>();
    // @ts-expect-error the sub-pipeline takes strings
    testPipeline(Length).input([42]);
    testPipeline(Root).withChild(Length, (text, context) => {
      expectTypeOf(text).toEqualTypeOf<string>();
      return text.length + context.path.length;
    });
    // @ts-expect-error the stub gives what the child would give
    testPipeline(Root).withChild(Length, (text) => text);
  });
});

test('the result of a managed run has what only its executor knows where it was executed here', () => {
  expectTypeOf<RunHandle['result']>().resolves.toHaveProperty('persisted').toEqualTypeOf<boolean>();
  expectTypeOf<RunHandle['result']>().resolves.toHaveProperty('runId').toEqualTypeOf<string>();
  expectTypeOf<Awaited<RunHandle['result']>['nodes']>().toEqualTypeOf<
    ReadonlyMap<string, NodeCounts> | undefined
  >();
});
