import { EventEmitter, on } from 'node:events';
import { context as otelContext, trace, TraceFlags, type SpanContext } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  BackgroundQueue,
  captureContext,
  currentContext,
  PipelineContext,
  PipelineRunner,
  requireContext,
  runPipeline,
  type CapturedContext,
  type RunContext,
  type RunContextOptions,
} from 'heirline';
import { definePipeline, delay, errorOf, gate, nextTurn, range, rejectionOf } from './support/harness.js';
import { rootChild, rootNode, seenBy } from './support/small-graphs.js';

describe('the id of a run', () => {
  test('is the given one for each of three runs at once, before and after 100 ms', async () => {
    const runner = new PipelineRunner();
    const seen: string[][] = [];
    const Root = rootNode(async (context) => {
      const before = [context.runId, context.run.runId, requireContext().run.runId];
      await delay(100);
      seen.push([...before, context.runId, context.run.runId, requireContext().run.runId]);
    });

    await Promise.all(['a', 'b', 'c'].map((runId) => runner.run(Root, { run: { runId } })));

    expect(seen.sort()).toEqual(['a', 'b', 'c'].map((runId) => Array<string>(6).fill(runId)));
  });

  test('is one of 50 where none is given to 50 runs at once, and process.env stays as it was', async () => {
    const before = structuredClone({ ...process.env });
    const runner = new PipelineRunner();
    const Root = rootNode(() => delay(5));

    const results = await Promise.all(range(1, 50).map(() => runner.run(Root)));

    expect(new Set(results.map(({ runId }) => runId)).size).toBe(50);
    expect(results.every(({ status }) => status === 'succeeded')).toBe(true);
    expect({ ...process.env }).toEqual(before);
  });

  test('is a new one for each run of one template, unless the template names one', async () => {
    const free = new PipelineContext();
    const named = new PipelineContext({ run: { runId: 'mine' } });
    const Root = rootNode(() => undefined);

    const [one, two] = await Promise.all([runPipeline(Root, free), runPipeline(Root, free)]);

    expect(one.runId).not.toBe(two.runId);
    expect((await runPipeline(Root, named)).runId).toBe('mine');
    expect((await runPipeline(Root, named)).runId).toBe('mine');
  });
});

describe('outside any run', () => {
  test('nothing is current, also when contexts were made and their runs were looked at', () => {
    const context = new PipelineContext({ run: { tenantId: 'acme' } });

    expect(context.run.tenantId).toBe('acme');
    expect(currentContext()).toBeUndefined();
    expect(errorOf(() => requireContext()).code).toBe('NO_CONTEXT');
  });

  test('the outer run is current again after a nested one, whichever way that ended', async () => {
    const seen = await seenBy(
      async () => {
        const after: string[] = [];
        await runPipeline(rootNode(() => delay(1)));
        after.push(requireContext().run.runId);
        await rejectionOf(
          runPipeline(
            rootNode(() => {
              throw new Error('no');
            }),
          ),
        );
        after.push(requireContext().run.runId);
        await rejectionOf(runPipeline(rootNode((context) => context.run.cancel())));
        after.push(requireContext().run.runId);
        return after;
      },
      { run: { runId: 'outer' } },
    );

    expect(seen).toEqual(['outer', 'outer', 'outer']);
  });
});

describe('code that the framework drives sees its own run for every item', () => {
  test('in async generators as sources and as stream transforms, in 20 runs at once', async () => {
    const wrong: unknown[] = [];
    let looks = 0;
    const look = (run: RunContext): void => {
      looks += 1;
      if (currentContext()?.run.correlationId !== run.correlationId) wrong.push(run.correlationId);
    };
    const Root = definePipeline('root', (builder) => {
      const source = builder.addSource(async function* ({ run }) {
        for (const item of range(1, 10)) {
          look(run);
          await nextTurn();
          look(run);
          yield item;
        }
      }, 'source');
      const stream = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>, { run }) {
          for await (const item of items) {
            look(run);
            await delay(0);
            look(run);
            yield item;
            look(run);
          }
        },
        { name: 'stream', from: source },
      );
      builder.connect(
        stream,
        builder.addSink((_item: number, { run }) => look(run), 'sink'),
      );
    });
    const runner = new PipelineRunner();

    await Promise.all(
      range(1, 20).map((n) => runner.run(Root, { run: { correlationId: `request ${String(n)}` } })),
    );

    expect(wrong).toEqual([]);
    expect(looks).toBe(20 * 10 * 6);
  });

  test('in sources that read one event emitter, whoever emits', async () => {
    const emitter = new EventEmitter();
    const seen: (string | undefined)[][] = [];
    const listening = gate();
    let readers = 0;
    const Root = definePipeline('root', (builder) => {
      const source = builder.addSource(async function* ({ run }) {
        const events = on(emitter, 'number');
        if ((readers += 1) === 3) listening.open();
        for await (const [item] of events) {
          seen.push([run.correlationId, currentContext()?.run.correlationId]);
          yield item as number;
          if (item === 5) return;
        }
      }, 'source');
      builder.connect(
        source,
        builder.addSink((_item: number, { run }) => {
          seen.push([run.correlationId, currentContext()?.run.correlationId]);
        }, 'sink'),
      );
    });
    const listeners = ['a', 'b', 'c'].map((correlationId) => runPipeline(Root, { run: { correlationId } }));
    await listening.opened;
    await runPipeline(
      rootNode(
        async (_context, item) => {
          emitter.emit('number', item);
          await nextTurn();
        },
        range(1, 5),
      ),
      { run: { correlationId: 'emitter' } },
    );
    await Promise.all(listeners);

    expect(seen).toHaveLength(3 * 5 * 2);
    expect(seen.filter(([own, current]) => own !== current)).toEqual([]);
  });
});

/** What one node of a run says of its run. */
async function asSeen<T>(look: (run: RunContext) => T, run: RunContextOptions | RunContext): Promise<T[]> {
  const seen: T[] = [];
  await runPipeline(
    rootNode((context) => {
      seen.push(look(context.run));
    }),
    { run },
  );
  return seen;
}

describe('what comes from outside is judged', () => {
  test('a correlation id of 1 to 512 printable ASCII characters is kept', async () => {
    for (const correlationId of ['x', 'a b~!', 'y'.repeat(512)])
      expect(await asSeen((run) => run.correlationId, { correlationId })).toEqual([correlationId]);
  });

  test('any other is replaced by a fresh one, and the run goes on', async () => {
    const bad: unknown[] = ['', 'y'.repeat(513), 'a\nb', 'naïve', 'tab\there', '\u007f', '\0', 42, null, {}];
    const seen = await Promise.all(
      bad.map((correlationId) => asSeen((run) => run.correlationId, { correlationId } as RunContextOptions)),
    );

    const ids = seen.flat();
    expect(new Set(ids).size).toBe(bad.length);
    for (const id of ids) {
      expect(bad).not.toContain(id);
      expect(id).toMatch(/^[\x20-\x7e]{1,512}$/);
    }
  });

  test('a traceparent is kept where W3C allows it, else dropped', async () => {
    const [trace1, span1] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    const valid = [`00-${trace1}-${span1}-01`, `00-${trace1}-${span1}-00`, `01-${trace1}-${span1}-01-more`];
    const invalid = [
      ...['', 'rubbish', `00-${'0'.repeat(32)}-${span1}-01`, `00-${trace1}-${'0'.repeat(16)}-01`],
      ...[`ff-${trace1}-${span1}-01`, `00-${trace1.toUpperCase()}-${span1}-01`],
      ...[`00-${trace1}-${span1}-01-more`, `00-${trace1}-${span1}`, `00-${trace1}-${span1}-0g`],
      ...[`00-${trace1}-${span1}-01\n`, 42, null, {}],
    ];
    for (const traceparent of valid)
      expect(await asSeen((run) => run.traceparent, { traceparent })).toEqual([traceparent]);
    for (const traceparent of invalid)
      expect(await asSeen((run) => run.traceparent, { traceparent } as RunContextOptions)).toEqual([
        undefined,
      ]);
  });
});

const idle = (): void => undefined;

describe('where OpenTelemetry is in use', () => {
  const spanContext = (digit: string): SpanContext => ({
    traceId: digit.repeat(32),
    spanId: digit.repeat(16),
    traceFlags: TraceFlags.SAMPLED,
  });
  const within = <T>(digit: string, work: () => T): T =>
    otelContext.with(trace.setSpanContext(otelContext.active(), spanContext(digit)), work);
  const parentOf = (digit: string): string => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;

  beforeEach(() => {
    otelContext.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  afterEach(() => {
    otelContext.disable();
  });

  test('a run without a traceparent has that of the active span, a given one counts more, a bad one does not', async () => {
    const given = parentOf('c');
    const seen = await within('a', () =>
      Promise.all(
        [{}, { traceparent: given }, { traceparent: 'rubbish' }].map((run) =>
          asSeen(({ traceparent }) => traceparent, run),
        ),
      ),
    );

    expect(seen).toEqual([[parentOf('a')], [given], [parentOf('a')]]);
  });

  test('a run without a tracestate has none of another trace: it goes with its traceparent', async () => {
    const inner: unknown[] = [];
    const stateOf = ({ traceparent, tracestate }: RunContext): unknown => [traceparent, tracestate];
    const outer = { traceparent: parentOf('c'), tracestate: 'rojo=1' };
    await runPipeline(
      rootNode(async () => {
        inner.push(
          ...(await asSeen(stateOf, {})),
          ...(await asSeen(stateOf, { traceparent: parentOf('d') })),
        );
      }),
      { run: outer },
    );

    expect(inner).toEqual([
      [parentOf('c'), 'rojo=1'],
      [parentOf('d'), undefined],
    ]);
    expect(await asSeen(stateOf, { tracestate: 'rojo=1' })).toEqual([[undefined, undefined]]);
    expect(await within('a', () => asSeen(stateOf, { tracestate: 'rojo=1' }))).toEqual([
      [parentOf('a'), undefined],
    ]);
  });

  test('a carrier has the span that is active where it is made, if that is of the run’s own trace', async () => {
    const carried = async (run: RunContextOptions, digit: string): Promise<unknown> => {
      const [carrier] = await asSeen((context) => within(digit, () => context.toCarrier()), run);
      return carrier?.traceparent;
    };
    const ofTrace = (digit: string): string => `00-${'a'.repeat(32)}-${digit.repeat(16)}-01`;

    expect(await carried({ traceparent: ofTrace('7') }, 'a')).toBe(parentOf('a'));
    expect(await carried({ traceparent: parentOf('b') }, 'a')).toBe(parentOf('b'));
    expect(await carried({}, 'a')).toBe(parentOf('a'));
  });

  test('the result has the id of the trace', async () => {
    const ended = await runPipeline(rootNode(idle), { run: { traceparent: parentOf('c') } });
    const inSpan = await within('a', () => runPipeline(rootNode(idle)));
    const none = await runPipeline(rootNode(idle));

    expect([ended.traceId, inSpan.traceId]).toEqual(['c'.repeat(32), 'a'.repeat(32)]);
    expect(JSON.parse(JSON.stringify(ended))).toMatchObject({ traceId: 'c'.repeat(32) });
    expect('traceId' in none).toBe(false);
  });

  test('15 runs at once have 15 traces, also in their children, in queue items, and in captured contexts', async () => {
    const digits = '123456789abcdef'.split('');
    const wrong: unknown[] = [];
    let looks = 0;
    const captured: [string, CapturedContext][] = [];
    const look = (digit: string, run: RunContext | undefined): void => {
      looks += 1;
      if (run?.traceparent !== parentOf(digit)) wrong.push([digit, run?.traceparent]);
      if (trace.getSpanContext(otelContext.active())?.traceId !== digit.repeat(32)) wrong.push(digit);
    };
    const queue = new BackgroundQueue<string>({
      worker: async (digit, context) => {
        look(digit, context?.run);
        await Promise.resolve();
        look(digit, currentContext()?.run);
      },
    });
    const Root = rootChild(async ({ run }) => {
      const digit = run.correlationId;
      look(digit, run);
      await queue.enqueue(digit);
      captured.push([digit, captureContext()]);
      await Promise.resolve();
      look(digit, run);
    });

    await Promise.all(
      digits.map((digit) => within(digit, () => runPipeline(Root, { run: { correlationId: digit } }))),
    );
    await queue.close();
    for (const [digit, each] of captured) each.run(() => look(digit, currentContext()?.run));

    expect(wrong).toEqual([]);
    expect(looks).toBe(digits.length * 5);
  });
});
