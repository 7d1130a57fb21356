// heirline/otel: spans of runs, and instruments of what nodes do.

import {
  context,
  diag,
  metrics,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type DiagLogger,
} from '@opentelemetry/api';
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-node';
import { afterEach, describe, expect, test } from 'vitest';
import {
  errorPolicy,
  observers,
  PipelineRunner,
  runPipeline,
  SinkNode,
  StreamTransformNode,
  type RunContextOptions,
  type RunResult,
} from 'heirline';
import { openTelemetry } from 'heirline/otel';
import { definePipeline, defineStep, delay, nextTurn, range, rejectionOf } from './support/harness.js';
import { Traced } from './support/traced.js';

afterEach(() => {
  Traced.unregister();
});

const ignore = (): void => undefined;

/** `orders` → `check`, a child with a node `step` → `save`. */
function orders(step: (item: number) => number | Promise<number> = (item) => item, items = [1, 2]) {
  const Check = defineStep('check-order', 'step', step);
  return definePipeline('shop', (builder) => {
    const check = builder.addComposite(Check, {
      name: 'check',
      from: builder.addSource(items, 'orders'),
      output: 'optional',
    });
    builder.addSink(ignore, { name: 'save', from: check });
  });
}

const child = ['    composite check', '      pipeline check-order', '        node step'];

describe('a run', () => {
  test('is one trace: spans of pipelines, nodes and starts of children nest as they run', async () => {
    const traced = new Traced();

    const { traceId } = await runPipeline(orders(), { executionObserver: openTelemetry() });

    expect(traced.tree()).toEqual([
      'pipeline shop',
      '  node orders',
      '  node check',
      ...child,
      ...child,
      '  node save',
    ]);
    expect(new Set(traced.spans.map((span) => span.spanContext().traceId))).toEqual(new Set([traceId]));
    expect(traced.one('pipeline shop').instrumentationScope).toEqual({
      name: 'heirline',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      schemaUrl: undefined,
    });
  });

  test('says of each span whose it is, where it stands, and how it ended', async () => {
    const traced = new Traced();
    const observer = openTelemetry({
      attributes: ({ type, path }) => (type === 'nodeStarted' ? { 'shop.part': path.length } : undefined),
    });
    const run = { runId: 'run-7', tenantId: 'acme', threadId: 'chat-3' };

    const result = await runPipeline(
      orders((item) => item, [1]),
      { executionObserver: observer, run },
    );

    const common = { 'heirline.run.id': 'run-7', 'heirline.tenant.id': 'acme', 'session.id': 'chat-3' };
    expect(traced.one('pipeline shop').attributes).toEqual({
      ...common,
      'heirline.path': 'shop',
      'heirline.pipeline.id': result.pipelineId,
      'heirline.pipeline.name': 'shop',
      'heirline.outcome': 'succeeded',
    });
    expect(traced.one('node check').attributes).toEqual({
      ...common,
      'heirline.path': 'shop/check',
      'heirline.pipeline.id': result.pipelineId,
      'heirline.node.kind': 'composite',
      'heirline.outcome': 'succeeded',
      'shop.part': 10,
    });
    expect(traced.one('composite check').attributes).toMatchObject({
      ...common,
      'heirline.path': 'shop/check',
      'heirline.attempt': 1,
    });
    expect(traced.one('node step').attributes).toMatchObject({
      ...common,
      'heirline.path': 'shop/check/step',
      'heirline.pipeline.id': traced.one('pipeline check-order').attributes['heirline.pipeline.id'],
    });
    expect(traced.spans.map(({ status }) => status.code)).toEqual(
      traced.spans.map(() => SpanStatusCode.UNSET),
    );
  });

  test('belongs to the span in which it was started, which its own spans nest in', async () => {
    const traced = new Traced();

    const result = await Traced.inSpan('request', () =>
      runPipeline(orders(), { executionObserver: openTelemetry() }),
    );

    expect(traced.one('pipeline shop').parentSpanContext?.spanId).toBe(
      traced.one('request').spanContext().spanId,
    );
    expect(result.traceId).toBe(traced.one('request').spanContext().traceId);
  });

  test('belongs to its traceparent, wherever it was started, with the state of that trace', async () => {
    const traced = new Traced();
    const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    const run = { traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'rojo=1' };

    const result = await Traced.inSpan('other', () =>
      runPipeline(orders(), { executionObserver: openTelemetry(), run }),
    );

    const { parentSpanContext } = traced.one('pipeline shop');
    expect(parentSpanContext).toMatchObject({ traceId, spanId, isRemote: true });
    expect(traced.one('node save').spanContext().traceState?.serialize()).toBe('rojo=1');
    expect(result.traceId).toBe(traceId);
  });

  test('that a node starts nests in that node', async () => {
    const traced = new Traced();
    const runner = new PipelineRunner({ executionObserver: openTelemetry() });
    const Outer = definePipeline('outer', (builder) => {
      builder.addSink(() => runner.run(orders()), { name: 'start', from: builder.addSource([1], 'once') });
    });

    await runner.run(Outer);

    expect(traced.tree().slice(0, 4)).toEqual([
      'pipeline outer',
      '  node once',
      '  node start',
      '    pipeline shop',
    ]);
  });

  test('keeps to its own trace, 20 at once', async () => {
    const traced = new Traced();
    const wrong: string[] = [];
    const Root = orders(
      async (item) => {
        await delay(item % 3);
        return Traced.inSpan('work', () => item);
      },
      range(1, 10),
    );
    const runner = new PipelineRunner({ executionObserver: openTelemetry() });

    const results = await Promise.all(range(1, 20).map(() => runner.run(Root)));

    const ofRun = new Map(results.map(({ runId, traceId }) => [runId, traceId]));
    const bySpanId = new Map(traced.spans.map((span) => [span.spanContext().spanId, span]));
    expect(new Set(ofRun.values()).size).toBe(20);
    expect(traced.named('work')).toHaveLength(200);
    for (const span of traced.spans) {
      const above = bySpanId.get(span.parentSpanContext?.spanId ?? '');
      const { traceId } = span.spanContext();
      if (above !== undefined && above.spanContext().traceId !== traceId) wrong.push(span.name);
      if (span.name === 'work') {
        if (above?.name !== 'node step') wrong.push(`work below ${String(above?.name)}`);
      } else if (ofRun.get(String(span.attributes['heirline.run.id'])) !== traceId) wrong.push(span.name);
    }
    expect(wrong).toEqual([]);
  });
});

describe('the span of a node', () => {
  test('is active in its code, so that spans of users and of instrumentations lie below it', async () => {
    const traced = new Traced();
    class Pairs extends StreamTransformNode<number, number> {
      async *transform(items: AsyncIterable<number>) {
        for await (const item of items) {
          yield Traced.inSpan('in pairs', () => item);
        }
      }
    }
    class Save extends SinkNode<number> {
      async write() {
        await nextTurn();
        Traced.inSpan('in save', ignore);
      }
      override flush(): void {
        Traced.inSpan('in flush', ignore);
      }
    }
    const Root = definePipeline('shop', (builder) => {
      const source = builder.addSource(async function* () {
        await nextTurn();
        yield Traced.inSpan('in source', () => 1);
      }, 'source');
      const pairs = builder.addStreamTransform(Pairs, { name: 'pairs', from: source });
      builder.addSink(Save, { name: 'save', from: pairs });
    });

    await runPipeline(Root, { executionObserver: openTelemetry() });

    expect(traced.tree()).toEqual([
      'pipeline shop',
      '  node source',
      '    in source',
      '  node pairs',
      '    in pairs',
      '  node save',
      '    in save',
      '    in flush',
    ]);
  });

  test('has the first ten failed tries as exceptions, and is an error only where it ended its execution', async () => {
    const traced = new Traced();
    const fails = (item: number): number => {
      if (item > 1) throw new RangeError(`no ${String(item)}`);
      return item;
    };
    const Skipping = definePipeline('shop', (builder) => {
      const step = builder.addTransform(fails, {
        name: 'step',
        from: builder.addSource(range(1, 30), 'source'),
        errorPolicy: errorPolicy({ then: 'skip' }),
      });
      builder.addSink(ignore, { name: 'save', from: step });
    });

    await runPipeline(Skipping, { executionObserver: openTelemetry() });
    await rejectionOf(runPipeline(orders(fails), { executionObserver: openTelemetry() }));

    const [skipping, failed] = traced.named('node step').filter(({ events }) => events.length > 0);
    expect(skipping?.events).toHaveLength(10);
    expect(skipping?.events[0]).toMatchObject({
      name: 'exception',
      attributes: {
        'exception.type': 'RangeError',
        'exception.message': 'no 2',
        'exception.stacktrace': expect.stringContaining('RangeError: no 2') as string,
        'heirline.error.code': 'NODE_FAILED',
        'heirline.attempt': 1,
      },
    });
    expect(skipping).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'heirline.outcome': 'succeeded' },
    });
    expect(failed).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'heirline.outcome': 'failed' },
    });
    const statusOf = (name: string) => traced.named(name).at(-1)?.status;
    expect(statusOf('composite check')).toEqual({ code: SpanStatusCode.ERROR });
    expect(statusOf('node check')).toEqual({ code: SpanStatusCode.ERROR });
    expect(statusOf('node orders')).toEqual({ code: SpanStatusCode.UNSET });
    expect(statusOf('pipeline check-order')).toEqual({ code: SpanStatusCode.ERROR, message: 'NODE_FAILED' });
    expect(traced.named('pipeline shop').at(-1)?.events).toMatchObject([
      { name: 'exception', attributes: { 'exception.message': 'no 2' } },
    ]);
  });

  test('has the attempts of a composite as spans of their own', async () => {
    const traced = new Traced();
    let tries = 0;
    const Check = defineStep('check-order', 'step', (item: number) => {
      tries += 1;
      if (tries < 3) throw new Error('busy');
      return item;
    });
    const Root = definePipeline('shop', (builder) => {
      const check = builder.addComposite(Check, {
        name: 'check',
        from: builder.addSource([1], 'orders'),
        errorPolicy: errorPolicy({ then: { retry: { attempts: 3 } } }),
      });
      builder.addSink(ignore, { name: 'save', from: check });
    });

    await runPipeline(Root, { executionObserver: openTelemetry() });

    const tried = traced
      .named('composite check')
      .map(({ attributes }) => [attributes['heirline.attempt'], attributes['heirline.outcome']]);
    expect(tried).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'succeeded'],
    ]);
  });

  test('has what its calls of models have used and cost, added up in each execution', async () => {
    const traced = new Traced();
    const price = { currency: 'EUR', inputPerMillion: 100, outputPerMillion: 200 };
    const Ask = definePipeline<number, number>('ask', (builder) => {
      const model = builder.addTransform(
        async (item: number, { run }) => {
          await nextTurn();
          for (const call of [1, 2]) {
            const callId = `${String(item)}-${String(call)}`;
            run.cost.record({ callId, model: 'small', inputTokens: 10 * item, outputTokens: 1, price });
          }
          return item;
        },
        { name: 'model', from: builder.addCompositeInput() },
      );
      builder.connect(model, builder.addCompositeOutput());
    });
    const Root = definePipeline('shop', (builder) => {
      const ask = builder.addComposite(Ask, {
        name: 'ask',
        from: builder.addSource([1, 2], 'orders'),
        concurrency: 2,
      });
      builder.addSink(
        (item, { run }) => {
          const of = (model: string) => ({
            callId: `${model} ${String(item)}`,
            model,
            inputTokens: 1,
            outputTokens: 1,
          });
          run.cost.record(of('large'));
          run.cost.record(of('medium'));
        },
        { name: 'save', from: ask },
      );
    });

    await runPipeline(Root, { executionObserver: openTelemetry() });

    const spent = traced.named('node model').map(({ attributes }) => attributes);
    const usage = (input: number) => ({
      'gen_ai.request.model': 'small',
      'gen_ai.usage.input_tokens': input,
      'gen_ai.usage.output_tokens': 2,
      'heirline.cost.currency': 'EUR',
    });
    expect(spent).toEqual([expect.objectContaining(usage(20)), expect.objectContaining(usage(40))]);
    expect(spent[0]?.['heirline.cost.amount']).toBeCloseTo(0.0024);
    const { attributes } = traced.one('node save');
    expect(attributes).toMatchObject({ 'gen_ai.usage.input_tokens': 4, 'gen_ai.usage.output_tokens': 4 });
    expect(Object.keys(attributes)).not.toContain('gen_ai.request.model');
    expect(Object.keys(attributes)).not.toContain('heirline.cost.amount');
    expect(Object.keys(traced.one('node orders').attributes).join()).not.toContain('gen_ai');
  });
});

describe('children', () => {
  test('can begin traces of their own, linked with the node: fanOut link', async () => {
    const traced = new Traced();

    const { traceId } = await runPipeline(
      orders((item) => item, range(1, 5)),
      {
        executionObserver: openTelemetry({ fanOut: 'link' }),
      },
    );

    const starts = traced.named('composite check');
    const node = traced.one('node check').spanContext();
    expect(new Set(starts.map((span) => span.spanContext().traceId)).size).toBe(5);
    expect(starts.every(({ parentSpanContext }) => parentSpanContext === undefined)).toBe(true);
    expect(starts.map(({ links }) => links.map((link) => link.context.spanId))).toEqual(
      starts.map(() => [node.spanId]),
    );
    expect(traced.tree(traceId)).toEqual(['pipeline shop', '  node orders', '  node check', '  node save']);
    expect(traced.tree(starts[0]?.spanContext().traceId)).toEqual(child.map((line) => line.slice(4)));
  });

  test('that do not inherit the observer run in the span of their start', async () => {
    const traced = new Traced();
    const Check = defineStep('check-order', 'step', (item: number) => Traced.inSpan('quiet', () => item));
    const Root = definePipeline('shop', (builder) => {
      const check = builder.addComposite(Check, {
        name: 'check',
        from: builder.addSource([1], 'orders'),
        contextConfiguration: { inheritExecutionObserver: false },
      });
      builder.addSink(ignore, { name: 'save', from: check });
    });

    await runPipeline(Root, { executionObserver: openTelemetry() });

    expect(traced.tree()).toEqual([
      'pipeline shop',
      '  node orders',
      '  node check',
      '    composite check',
      '      quiet',
      '  node save',
    ]);
  });
});

describe('every span that has begun ends', () => {
  const never = new Promise<never>(ignore);

  test.each<[string, RunContextOptions, (item: number) => number | Promise<number>]>([
    ['succeeds', {}, (item) => item],
    [
      'fails',
      {},
      () => {
        throw new Error('no');
      },
    ],
    ['is cancelled while a child hangs', { timeoutMs: 20 }, () => never],
  ])('where a run %s', async (_, run, step) => {
    const traced = new Traced();
    const begun: string[] = [];
    const counting = openTelemetry({
      attributes: ({ type, path }) => {
        begun.push(`${type} ${path}`);
        return undefined;
      },
    });

    const runner = new PipelineRunner({ executionObserver: counting, graceMs: 20 });
    await runner.run(orders(step), { run }).catch(ignore);

    expect(begun.length).toBeGreaterThan(6);
    expect(traced.spans).toHaveLength(begun.length);
  });
});

describe('what is not there costs nothing', () => {
  test('without an SDK no method is there, and nobody is told anything', async () => {
    const observer = openTelemetry();

    const { traceId } = await runPipeline(orders(), { executionObserver: observer });

    expect(new Set(Object.values(observer))).toEqual(new Set([undefined]));
    expect(traceId).toBeUndefined();
  });

  test('an SDK that is registered later is used by the runs that begin later', async () => {
    const runner = new PipelineRunner({ executionObserver: openTelemetry() });
    await runner.run(orders());
    const traced = new Traced();

    await runner.run(orders());

    expect(traced.named('pipeline shop')).toHaveLength(1);
  });

  test('a trace that is not sampled goes on unsampled in nodes', async () => {
    const traced = new Traced(new AlwaysOffSampler());
    const flags: unknown[] = [];
    const Root = orders((item) => {
      flags.push(trace.getActiveSpan()?.spanContext().traceFlags);
      return item;
    });

    const { traceId } = await runPipeline(Root, { executionObserver: openTelemetry() });

    expect(flags).toEqual([0, 0]);
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traced.spans).toEqual([]);
  });
});

describe('attributes that cannot be made', () => {
  test('are left out, which is told to the diagnostics of OpenTelemetry', async () => {
    const traced = new Traced();
    const said: string[] = [];
    const logger = Object.fromEntries(
      ['error', 'warn', 'info', 'debug', 'verbose'].map((level) => [
        level,
        (text: string) => said.push(text),
      ]),
    ) as unknown as DiagLogger;
    diag.setLogger(logger);
    const attributes = (): never => {
      throw new Error('no');
    };

    await runPipeline(orders(), { executionObserver: openTelemetry({ attributes }) });
    diag.disable();

    expect(traced.one('pipeline shop').attributes['heirline.path']).toBe('shop');
    expect(said).toContain("heirline: the attributes of the span at 'shop' could not be made");
  });
});

describe('instruments', () => {
  class Reader extends MetricReader {
    protected override onForceFlush = (): Promise<void> => Promise.resolve();
    protected override onShutdown = (): Promise<void> => Promise.resolve();

    constructor() {
      super({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE });
    }

    /** The values of an instrument, by path and label. */
    async read(name: string): Promise<Record<string, unknown>> {
      const { resourceMetrics } = await this.collect();
      const found = resourceMetrics.scopeMetrics
        .flatMap((scope) => scope.metrics)
        .filter(({ descriptor }) => descriptor.name === name);
      const points = found.flatMap(
        ({ dataPoints }) => dataPoints as { attributes: object; value: unknown }[],
      );
      return Object.fromEntries(
        points.map(({ attributes, value }) => [Object.values(attributes).join(' '), value]),
      );
    }
  }

  test('show what nodes have done in all runs, by path', async () => {
    const reader = new Reader();
    const meter = new MeterProvider({ readers: [reader] }).getMeter('mine');
    const runner = new PipelineRunner({ executionObserver: openTelemetry({ meter }) });
    const Root = orders(async (item) => {
      await delay(2);
      return item;
    });

    await runner.run(Root);
    await runner.run(Root);

    expect(await reader.read('heirline.items')).toMatchObject({
      'shop/orders out': 4,
      'shop/check/step out': 4,
      'shop/save out': 4,
      'shop/save failed': 0,
    });
    const busy = await reader.read('heirline.busy');
    expect(busy['shop/check/step']).toBeGreaterThan(0.006);
    expect(Object.keys(await reader.read('heirline.latency'))).toContain('shop/check/step 0.99');
    expect(await reader.read('heirline.in_flight')).toMatchObject({ 'shop/check/step': 0 });
  });

  test('are of the meter that is registered when a run begins', async () => {
    const observer = openTelemetry();
    await runPipeline(orders(), { executionObserver: observer });
    const reader = new Reader();
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

    await runPipeline(orders(), { executionObserver: observer });

    expect(await reader.read('heirline.items')).toMatchObject({ 'shop/save out': 2 });
  });
});

test('a wrong option is refused', () => {
  expect(() => openTelemetry({ fanOut: 'both' as never })).toThrow("'nest' or 'link'");
  expect(() => openTelemetry({ tracer: {} as never })).toThrow("'startSpan'");
  expect(() => openTelemetry({ attribute: ignore } as never)).toThrow("'attribute'");
});

test('spans and a user’s scopes are active together, and the context of the caller is kept', async () => {
  const traced = new Traced();
  const key = Symbol('baggage');
  const seen: unknown[] = [];
  const Root = orders((item) => {
    seen.push(context.active().getValue(key));
    return item;
  });
  const observer = observers(openTelemetry(), { scope: () => ({ run: (fn, ...args) => fn(...args) }) });

  const result: RunResult = await context.with(ROOT_CONTEXT.setValue(key, 'of the caller'), () =>
    runPipeline(Root, { executionObserver: observer }),
  );

  expect(result.status).toBe('succeeded');
  expect(seen).toEqual(['of the caller', 'of the caller']);
  expect(traced.named('node step')).toHaveLength(2);
});
