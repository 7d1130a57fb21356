import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  fixed,
  observers,
  PipelineContext,
  PipelineRunner,
  runPipeline,
  SKIP,
  type ExecutionEvent,
  type ExecutionObserver,
  type PipelineError,
} from 'heirline';
import { RecordingObserver } from 'heirline/testing';
import {
  definePipeline,
  defineStep,
  KeptLetters,
  nextTurn,
  range,
  rejectionOf,
  throwAnything,
  unhandledDuring,
} from './support/harness.js';

const ignore = (): void => undefined;

interface Seen {
  readonly type: string;
  readonly path: string;
  readonly runId: string;
  readonly pipelineId: string;
  readonly at: number;
  readonly outcome?: unknown;
}

const types = [
  ...['pipelineStarted', 'pipelineCompleted', 'pipelineFailed'],
  ...['nodeStarted', 'nodeCompleted'],
  ...['itemFailed', 'itemRetried', 'itemSkipped', 'itemDeadLettered'],
  ...['compositeStarted', 'compositeCompleted'],
] as const;

/** An observer that keeps every event that it gets. */
function keeping(events: Seen[]): ExecutionObserver {
  return Object.fromEntries(types.map((type) => [type, (event: Seen) => events.push(event)]));
}

/** Events as `type path`, with the outcome of nodes and composites. */
function linesOf(events: readonly Seen[]): string[] {
  return events.map(({ type, path, outcome }) =>
    type === 'nodeCompleted' || type === 'compositeCompleted'
      ? `${type} ${path} ${String(outcome)}`
      : `${type} ${path}`,
  );
}

function parentOf(step: (item: number) => number | typeof SKIP, items: readonly number[]) {
  const Child = definePipeline<number, number>('child-pipeline', (builder) => {
    const node = builder.addTransform(step, { name: 'node', from: builder.addCompositeInput() });
    builder.connect(node, builder.addCompositeOutput());
  });
  return definePipeline('parent', (builder) => {
    const child = builder.addComposite(Child, {
      name: 'child',
      from: builder.addSource(items, 'source'),
      output: 'optional',
    });
    builder.connect(child, builder.addSink(ignore, 'sink'));
  });
}

describe('an execution observer', () => {
  test('sees pipelines, nodes and composites start and end, at every level, once per execution', async () => {
    const events: Seen[] = [];

    const result = await runPipeline(
      parentOf((item) => item, [1, 2]),
      { executionObserver: keeping(events) },
    );

    const lines = linesOf(events);
    const times = (line: string): number => lines.filter((each) => each === line).length;
    expect(times('pipelineStarted parent')).toBe(1);
    expect(times('pipelineCompleted parent')).toBe(1);
    for (const node of ['source', 'child', 'sink']) {
      expect(times(`nodeStarted parent/${node}`)).toBe(1);
      expect(times(`nodeCompleted parent/${node} succeeded`)).toBe(1);
    }
    expect(times('compositeStarted parent/child')).toBe(2);
    expect(times('compositeCompleted parent/child succeeded')).toBe(2);
    expect(times('pipelineStarted parent/child')).toBe(2);
    expect(times('pipelineCompleted parent/child')).toBe(2);
    for (const node of ['input', 'node', 'output']) {
      expect(times(`nodeStarted parent/child/${node}`)).toBe(2);
      expect(times(`nodeCompleted parent/child/${node} succeeded`)).toBe(2);
    }
    expect(events.every((event) => event.runId === result.runId)).toBe(true);
    expect(events[0]).toMatchObject({
      type: 'pipelineStarted',
      path: 'parent',
      pipelineId: result.pipelineId,
    });
    expect(events.at(-1)).toMatchObject({ type: 'pipelineCompleted', path: 'parent' });
  });

  test('gets plain frozen events with type, path, ids and time', async () => {
    const events: Seen[] = [];

    await runPipeline(
      parentOf((item) => item, [1]),
      { executionObserver: keeping(events) },
    );

    for (const event of events) {
      expect(Object.isFrozen(event)).toBe(true);
      expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
      expect(types).toContain(event.type);
      expect(event.path).not.toBe('');
      expect(event.pipelineId).not.toBe('');
      expect(event.at).toBeTypeOf('number');
    }
  });

  test('sees the execution that failed, and every node end in every ending', async () => {
    const events: Seen[] = [];

    await rejectionOf(
      runPipeline(
        parentOf((item) => (item === 2 ? throwAnything(new Error('two')) : item), [1, 2, 3]),
        { executionObserver: keeping(events) },
      ),
    );

    const lines = linesOf(events);
    expect(lines.filter((line) => line.startsWith('pipelineFailed'))).toEqual([
      'pipelineFailed parent/child',
      'pipelineFailed parent',
    ]);
    expect(lines).toContain('itemFailed parent/child/node');
    expect(lines).toContain('nodeCompleted parent/child/node failed');
    expect(lines).toContain('compositeCompleted parent/child failed');
    expect(lines).toContain('nodeCompleted parent/child failed');
    expect(lines).toContain('nodeCompleted parent/source cancelled');
    const counted = (prefix: string): number => lines.filter((line) => line.startsWith(prefix)).length;
    expect(counted('nodeCompleted')).toBe(counted('nodeStarted'));
    expect(counted('compositeCompleted')).toBe(counted('compositeStarted'));
    expect(counted('pipelineCompleted') + counted('pipelineFailed')).toBe(counted('pipelineStarted'));
  });

  test('sees a cancelled execution end exactly once too', async () => {
    const events: Seen[] = [];
    const controller = new AbortController();
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform(
        async (item: number) => {
          if (item === 2) controller.abort();
          await nextTurn();
          return item;
        },
        { name: 'node', from: builder.addSource([1, 2, 3], 'source') },
      );
      builder.connect(node, builder.addSink(ignore, 'sink'));
    });

    await rejectionOf(runPipeline(Parent, { signal: controller.signal, executionObserver: keeping(events) }));

    const lines = linesOf(events);
    expect(lines.filter((line) => /^pipeline(Completed|Failed)/.test(line))).toEqual([
      'pipelineFailed parent',
    ]);
    expect(lines.filter((line) => line.startsWith('nodeCompleted')).sort()).toEqual([
      'nodeCompleted parent/node cancelled',
      'nodeCompleted parent/sink cancelled',
      'nodeCompleted parent/source cancelled',
    ]);
  });

  test('sees a child that filtered its item as succeeded', async () => {
    const events: Seen[] = [];

    await runPipeline(
      parentOf(() => SKIP, [1]),
      { executionObserver: keeping(events) },
    );

    expect(linesOf(events)).toContain('compositeCompleted parent/child succeeded');
  });

  test('sees a composite with a wrong number of outputs as failed', async () => {
    const events: Seen[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(
        definePipeline<number, number>('child-pipeline', (inner) => {
          const node = inner.addTransform((): number | typeof SKIP => SKIP, {
            name: 'node',
            from: inner.addCompositeInput(),
          });
          inner.connect(node, inner.addCompositeOutput());
        }),
        { name: 'child', from: builder.addSource([1], 'source') },
      );
      builder.connect(child, builder.addSink(ignore, 'sink'));
    });

    const error: PipelineError = await rejectionOf(
      runPipeline(Parent, { executionObserver: keeping(events) }),
    );

    expect(error).toMatchObject({ code: 'COMPOSITE_NO_OUTPUT', path: 'parent/child' });
    expect(linesOf(events)).toContain('compositeCompleted parent/child failed');
  });

  test('sees what a policy decides: every failed try, each retry, each skip, each dead letter', async () => {
    const events: Seen[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform(
        (item: number): number => {
          if (item === 1) throw new RangeError('skip');
          if (item === 2) throw new TypeError('letter');
          if (item === 3) throw new Error('busy');
          return item;
        },
        {
          name: 'node',
          from: builder.addSource(range(1, 4), 'source'),
          errorPolicy: errorPolicy(
            { on: RangeError, then: 'skip' },
            { on: TypeError, then: 'deadLetter' },
            { then: { retry: { attempts: 3, delay: fixed(0), exhausted: 'skip' } } },
          ),
        },
      );
      builder.connect(node, builder.addSink(ignore, 'sink'));
    });

    await runPipeline(Parent, { executionObserver: keeping(events), deadLetterSink: new KeptLetters() });

    expect(linesOf(events).filter((line) => line.startsWith('item'))).toEqual([
      'itemFailed parent/node',
      'itemSkipped parent/node',
      'itemFailed parent/node',
      'itemDeadLettered parent/node',
      ...['itemFailed parent/node', 'itemRetried parent/node'],
      ...['itemFailed parent/node', 'itemRetried parent/node'],
      ...['itemFailed parent/node', 'itemSkipped parent/node'],
    ]);
  });

  test('sees one composite start and end per attempt', async () => {
    const events: Seen[] = [];
    let tries = 0;
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(
        defineStep<number, number>('child-pipeline', 'node', (item) => {
          tries += 1;
          return tries < 3 ? throwAnything(new Error('busy')) : item;
        }),
        {
          name: 'child',
          from: builder.addSource([1], 'source'),
          errorPolicy: errorPolicy({ then: { retry: { attempts: 3, delay: fixed(0) } } }),
        },
      );
      builder.connect(child, builder.addSink(ignore, 'sink'));
    });

    await runPipeline(Parent, { executionObserver: keeping(events) });

    expect(linesOf(events).filter((line) => line.startsWith('composite'))).toEqual([
      'compositeStarted parent/child',
      'compositeCompleted parent/child failed',
      'compositeStarted parent/child',
      'compositeCompleted parent/child failed',
      'compositeStarted parent/child',
      'compositeCompleted parent/child succeeded',
    ]);
    const children = events.filter(
      (event) => event.type === 'pipelineStarted' && event.path === 'parent/child',
    );
    expect(new Set(children.map((event) => event.pipelineId)).size).toBe(3);
  });

  test('of the runner and of the context both get the events', async () => {
    const ofRunner: Seen[] = [];
    const ofContext: Seen[] = [];

    await new PipelineRunner({ executionObserver: keeping(ofRunner) }).run(
      parentOf((item) => item, [1]),
      { executionObserver: keeping(ofContext) },
    );

    expect(ofRunner.length).toBeGreaterThan(0);
    expect(linesOf(ofContext)).toEqual(linesOf(ofRunner));
  });

  test('that is not inherited sees nothing of the child’s nodes', async () => {
    const ofRunner: Seen[] = [];
    const ofContext: Seen[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(
        defineStep<number, number>('child-pipeline', 'node', (item) => item),
        {
          name: 'child',
          from: builder.addSource([1], 'source'),
          contextConfiguration: { inheritExecutionObserver: false, inheritParentProperties: true },
        },
      );
      builder.connect(child, builder.addSink(ignore, 'sink'));
    });

    await new PipelineRunner({ executionObserver: keeping(ofRunner) }).run(Parent, {
      executionObserver: keeping(ofContext),
    });

    for (const events of [ofRunner, ofContext]) {
      expect(events.map((event) => event.path).filter((path) => path.startsWith('parent/child/'))).toEqual(
        [],
      );
      expect(linesOf(events)).toContain('nodeCompleted parent/child succeeded');
    }
  });
});

describe('an observer that throws', () => {
  const throwing: ExecutionObserver = Object.fromEntries(
    types.map((type) => [type, () => throwAnything(new Error(`no ${type}`))]),
  );
  const rejecting: ExecutionObserver = Object.fromEntries(
    types.map((type) => [type, () => Promise.reject(new Error(`no ${type}`))]),
  );

  test('harms neither the run nor the observers beside it, wherever it stands', async () => {
    const expected: Seen[] = [];
    await runPipeline(
      parentOf((item) => item, [1, 2]),
      { executionObserver: keeping(expected) },
    );

    for (const bad of [throwing, rejecting]) {
      const events: Seen[] = [];
      const unhandled = await unhandledDuring(async () => {
        const result = await new PipelineRunner({ executionObserver: bad }).run(
          parentOf((item) => item, [1, 2]),
          { executionObserver: observers(bad, keeping(events), bad) },
        );
        expect(result.status).toBe('succeeded');
      });
      expect(unhandled).toEqual([]);
      expect(linesOf(events)).toEqual(linesOf(expected));
    }
  });
});

describe('observers', () => {
  test('passes every event to each of many, and a missing method is no mistake', async () => {
    const one: Seen[] = [];
    const two: Seen[] = [];
    let ended = 0;

    await runPipeline(
      parentOf((item) => item, [1]),
      {
        executionObserver: observers(
          keeping(one),
          { pipelineCompleted: () => (ended += 1) },
          {},
          keeping(two),
        ),
      },
    );

    expect(linesOf(two)).toEqual(linesOf(one));
    expect(one.length).toBeGreaterThan(0);
    expect(ended).toBe(2);
  });

  test('keeps the methods of an observer class bound to it', async () => {
    class Counting implements ExecutionObserver {
      count = 0;
      nodeCompleted(): void {
        this.count += 1;
      }
    }
    const counting = new Counting();

    await runPipeline(
      parentOf((item) => item, [1]),
      { executionObserver: observers(counting) },
    );

    expect(counting.count).toBe(6);
  });
});

describe('RecordingObserver', () => {
  test('keeps every event in order', async () => {
    const recording = new RecordingObserver();
    const events: Seen[] = [];

    await runPipeline(
      parentOf((item) => item, [1]),
      { executionObserver: observers(recording, keeping(events)) },
    );

    expect(recording.events.map((event) => `${event.type} ${event.path}`)).toEqual(
      events.map((event) => `${event.type} ${event.path}`),
    );
  });
});

test('an observer that throws is logged, and a logger that throws in turn does not end the run', async () => {
  const broken = (): never => throwAnything(new Error('broken'));
  const logger = { trace: broken, debug: broken, info: broken, warn: broken, error: broken };

  const result = await runPipeline(
    parentOf((item) => item, [1, 2]),
    { executionObserver: { nodeStarted: broken }, logger },
  );

  expect(result.status).toBe('succeeded');
});

test('events say for which tenant, and around which execution, they came about; the run’s start says its trace', async () => {
  const observer = new RecordingObserver();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const Retried = parentOf(
    (item) => {
      if (item === 2) throw new Error('no');
      return item;
    },
    [1, 2],
  );

  await rejectionOf(
    runPipeline(Retried, { executionObserver: observer, run: { tenantId: 'acme', traceparent } }),
  );
  const { events } = observer;

  const [start] = events;
  const aroundOf = (path: string) => new Set(events.filter((event) => event.path === path).map(aroundIt));
  const aroundIt = ({ parentPipelineId }: ExecutionEvent): unknown => parentPipelineId;
  expect(new Set(events.map(({ tenantId }) => tenantId))).toEqual(new Set(['acme']));
  expect(aroundOf('parent/child/node')).toEqual(new Set([start?.pipelineId]));
  expect(aroundOf('parent/sink')).toEqual(new Set([undefined]));
  expect(new Set(events.map(({ type }) => type))).toContain('itemFailed');
  expect(events.filter((event) => 'traceparent' in event && event.traceparent !== undefined)).toEqual([
    expect.objectContaining({ type: 'pipelineStarted', path: 'parent', traceparent }),
  ]);
});

test('the start of a node says what the node does, and what setNodeMetadata put on it', async () => {
  const started = new Map<string, unknown>();
  const Noted = definePipeline('noted', (builder) => {
    const source = builder.addSource([1], 'source');
    builder.setNodeMetadata(source, 'owner', 'sales');
    builder.addSink(ignore, { name: 'sink', from: source });
  });

  await runPipeline(Noted, {
    executionObserver: {
      nodeStarted: ({ path, kind, metadata }) => started.set(path, [kind, metadata]),
    },
  });

  expect(Object.fromEntries(started)).toEqual({
    'noted/source': ['source', { owner: 'sales' }],
    'noted/sink': ['sink', {}],
  });
});

describe('a misspelt method of an observer, which would never be called, is refused', () => {
  class Audit {
    // Helpers are the observer's own affair.
    report(): string {
      return 'fine';
    }
    itemRetryed(): void {
      this.report();
    }
  }
  const misspelt = new Audit() as ExecutionObserver;
  const step = parentOf((item) => item, [1]);
  const meant = expect.objectContaining({
    code: 'OPTION_INVALID',
    message: expect.stringContaining("there is no event 'itemRetryed', 'itemRetried' may be meant") as string,
  }) as PipelineError;

  test('by a runner', () => {
    expect(() => new PipelineRunner({ executionObserver: misspelt })).toThrow(meant);
  });

  test('by a context, and by a run that is given its options', async () => {
    expect(() => new PipelineContext({ executionObserver: misspelt })).toThrow(meant);
    await expect(runPipeline(step, { executionObserver: misspelt })).rejects.toThrow(meant);
  });

  test('by observers(...)', () => {
    expect(() => observers({}, misspelt)).toThrow(meant);
  });
});
