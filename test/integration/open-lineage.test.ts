import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  errorPolicy,
  OpenLineageSink,
  runPipeline,
  SKIP,
  type OpenLineageEvent,
  type PipelineBuilder,
} from 'heirline';
import { keptLogger } from './support/sql-store-cases.js';
import { openLineageRunEvent } from './support/open-lineage-schema.js';
import { rejectionOf, throwAnything } from './support/harness.js';

const uuid = /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

class Ask {
  define(builder: PipelineBuilder<number, number>) {
    const asked = builder.addTransform(
      (item: number) => (item === 3 ? throwAnything(new Error('down')) : item),
      {
        name: 'ask',
        from: builder.addCompositeInput(),
      },
    );
    builder.connect(asked, builder.addCompositeOutput());
  }
}

class Price {
  define(builder: PipelineBuilder<number, number>) {
    const inner = builder.addComposite(Ask, { name: 'inner', from: builder.addCompositeInput() });
    builder.connect(inner, builder.addCompositeOutput());
  }
}

function ordersOf(items: readonly number[], policy: 'fail' | 'skip' = 'fail') {
  return class Orders {
    define(builder: PipelineBuilder) {
      const read = builder.addSource([...items], 'read');
      builder.setNodeMetadata(read, 'openLineage', { namespace: 'postgres://db:5432', name: 'shop.orders' });
      const even = builder.addTransform((item) => (item === 0 ? SKIP : item), { name: 'even', from: read });
      const price = builder.addComposite(Price, {
        name: 'price',
        from: even,
        output: 'optional',
        errorPolicy: errorPolicy(policy),
      });
      builder.addSink(() => undefined, { name: 'save', from: price });
    }
  };
}

/** What a sink has told of, checked against the specification, in a few words each. */
function recorder(options?: ConstructorParameters<typeof OpenLineageSink>[1]) {
  const events: OpenLineageEvent[] = [];
  const emit = (event: OpenLineageEvent): void => {
    events.push(openLineageRunEvent.parse(JSON.parse(JSON.stringify(event))) as OpenLineageEvent);
  };
  const sink = new OpenLineageSink({ namespace: 'shop', emit }, options);
  const told = (): string[] => events.map(({ eventType, job }) => `${eventType} ${job.name}`);
  return { sink, events, told, observed: { lineageSink: sink, executionObserver: sink } };
}

const itemsOf = ({ run }: OpenLineageEvent) => run.facets['heirline_items'];

describe('OpenLineageSink', () => {
  it('tells of each pipeline and composite as a job, with one run of each', async () => {
    const { sink, events, told, observed } = recorder();
    const { runId } = await runPipeline(ordersOf([0, 1, 2]), observed);
    await sink.flush();

    expect(told()).toEqual([
      'START Orders',
      'START Orders.price',
      'START Orders.price.inner',
      'COMPLETE Orders.price.inner',
      'COMPLETE Orders.price',
      'COMPLETE Orders',
    ]);
    expect(events[0]?.run).toEqual({ runId, facets: {} });
    expect(events[1]?.run.runId).toMatch(uuid);
    expect(events[4]?.run.runId).toBe(events[1]?.run.runId);
  });

  it('names the run that has started another one, and the run at the top', async () => {
    const { sink, events, observed } = recorder();
    await runPipeline(ordersOf([1]), observed);
    await sink.flush();

    const [orders, price, inner] = events.map(({ run, job }) => ({ run: { runId: run.runId }, job }));
    expect(events[1]?.run.facets['parent']).toMatchObject({ ...orders, root: orders });
    expect(events[2]?.run.facets['parent']).toMatchObject({ ...price, root: orders });
    expect(events[3]?.run.facets['parent']).toEqual(events[2]?.run.facets['parent']);
    expect(inner?.job).toEqual({ namespace: 'shop', name: 'Orders.price.inner' });
  });

  it('names what a job reads and writes, by the metadata of nodes, else by their paths', async () => {
    const { sink, events, observed } = recorder();
    await runPipeline(ordersOf([1]), observed);
    await sink.flush();

    expect(events.at(-1)).toMatchObject({
      inputs: [{ namespace: 'postgres://db:5432', name: 'shop.orders' }],
      outputs: [{ namespace: 'shop', name: 'Orders.save' }],
    });
  });

  it('counts how the items have ended', async () => {
    const { sink, events, observed } = recorder();
    await runPipeline(ordersOf([0, 1, 2, 3], 'skip'), observed);
    await sink.flush();

    expect(events.map(itemsOf).filter((items) => items !== undefined)).toEqual([
      expect.objectContaining({ emitted: 2, filtered: 2 }),
    ]);
    expect(events.at(-1)?.eventType).toBe('COMPLETE');
  });

  it('tells a failure with its code and nothing else of the error, and a cancel as ABORT', async () => {
    const failed = recorder();
    await rejectionOf(runPipeline(ordersOf([1, 3]), failed.observed));
    await failed.sink.flush();
    expect(failed.told().slice(-3)).toEqual(['FAIL Orders.price.inner', 'FAIL Orders.price', 'FAIL Orders']);
    expect(failed.events.at(-1)?.run.facets['errorMessage']).toMatchObject({ message: 'NODE_FAILED' });
    expect(JSON.stringify(failed.events)).not.toContain('down');

    const cancelled = recorder();
    const controller = new AbortController();
    class Endless {
      define(builder: PipelineBuilder) {
        const read = builder.addSource(async function* () {
          for (;;) yield await Promise.resolve(1);
        }, 'read');
        builder.addSink(
          () => {
            controller.abort();
          },
          { name: 'save', from: read },
        );
      }
    }
    await rejectionOf(runPipeline(Endless, { ...cancelled.observed, signal: controller.signal }));
    await cancelled.sink.flush();
    expect(cancelled.told()).toEqual(['START Endless', 'ABORT Endless']);
  });

  it('tells of each execution as a run of its own where that is wanted', async () => {
    const { sink, events, told, observed } = recorder({ perExecution: true });
    await runPipeline(ordersOf([1, 2]), observed);
    await sink.flush();

    const item = [
      'START Orders.price',
      'START Orders.price.inner',
      'COMPLETE Orders.price.inner',
      'COMPLETE Orders.price',
    ];
    expect(told()).toEqual(['START Orders', ...item, ...item, 'COMPLETE Orders']);
    const starts = events.filter(({ eventType }) => eventType === 'START');
    expect(new Set(starts.map(({ run }) => run.runId)).size).toBe(5);
  });

  it('makes of a run id that is no UUID always the same UUID', async () => {
    const { sink, events, observed } = recorder();
    await runPipeline(ordersOf([1]), { ...observed, run: { runId: 'monday' } });
    await runPipeline(ordersOf([1]), { ...observed, run: { runId: 'monday' } });
    await sink.flush();

    expect(events[0]?.run.runId).toMatch(uuid);
    expect(events[6]?.run.runId).toBe(events[0]?.run.runId);
    expect(events[7]?.run.runId).toBe(events[1]?.run.runId);
  });

  it('follows the child of a composite that gets the whole stream', async () => {
    const { sink, events, told, observed } = recorder();
    class Streamed {
      define(builder: PipelineBuilder) {
        const read = builder.addSource([1, 2], 'read');
        const all = builder.addComposite(Ask, {
          name: 'all',
          from: read,
          granularity: 'stream',
        });
        builder.addSink(() => undefined, { name: 'save', from: all });
      }
    }
    await runPipeline(Streamed, observed);
    await sink.flush();

    expect(told()).toEqual([
      'START Streamed',
      'START Streamed.all',
      'COMPLETE Streamed.all',
      'COMPLETE Streamed',
    ]);
    expect(events[1]?.run.facets['parent']).toMatchObject({ run: { runId: events[0]?.run.runId } });
  });

  it('keeps many runs at once apart', async () => {
    const { sink, events, observed } = recorder();
    await Promise.all(Array.from({ length: 20 }, async () => runPipeline(ordersOf([1, 2]), observed)));
    await sink.flush();

    const children = events.filter(({ job }) => job.name === 'Orders.price');
    const roots = children.map(({ run }) => (run.facets['parent']?.['run'] as { runId: string }).runId);
    expect(events).toHaveLength(20 * 6);
    expect(new Set(roots).size).toBe(20);
  });

  it('sends events one after the other, and keeps items waiting where too many wait', async () => {
    let atOnce = 0;
    let most = 0;
    const sent: string[] = [];
    const emit = async ({ eventType, job }: OpenLineageEvent): Promise<void> => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 2));
      sent.push(`${eventType} ${job.name}`);
      atOnce -= 1;
    };
    const sink = new OpenLineageSink({ namespace: 'shop', emit }, { perExecution: true, maxPending: 4 });
    const items = Array.from({ length: 20 }, (_, index) => index + 10);
    await runPipeline(ordersOf(items), { lineageSink: sink, executionObserver: sink });
    // One end is not waited for by any item.
    expect(sent.length).toBeGreaterThan(20 * 4 - 8);
    await sink.flush();
    expect(most).toBe(1);
    expect(sent).toHaveLength(2 + 20 * 4);
  });

  it('sends to a server, with headers, and tells what the server refuses', async () => {
    const asked: { url?: string | undefined; auth?: string | undefined; type: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        const { eventType } = openLineageRunEvent.parse(JSON.parse(body));
        asked.push({ url: request.url, auth: request.headers.authorization, type: eventType });
        response.writeHead(eventType === 'START' ? 201 : 503).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://localhost:${String(port)}/api/v1/lineage`;
    const sink = new OpenLineageSink({ namespace: 'shop', url, headers: { authorization: 'Bearer x' } });
    const logger = keptLogger();
    await runPipeline(ordersOf([]), { executionObserver: sink, logger });

    await expect(sink.flush()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('answered 503') as string,
    });
    await sink.flush();
    expect(asked).toEqual([
      { url: '/api/v1/lineage', auth: 'Bearer x', type: 'START' },
      { url: '/api/v1/lineage', auth: 'Bearer x', type: 'COMPLETE' },
    ]);
    expect(logger.lines.join('\n')).toContain('an execution observer failed');
    server.close();
  });

  it('refuses wrong options, and tells of metadata that name no dataset', async () => {
    const emit = (): void => undefined;
    for (const wrong of [
      { emit },
      { namespace: 'a' },
      { namespace: 'a', emit, url: 'http://a' },
      { namespace: 'a', url: 'ftp://a' },
    ])
      expect(() => new OpenLineageSink(wrong as never)).toThrow(/OpenLineageSink/);
    expect(() => new OpenLineageSink({ namespace: 'a', emit }, { maxPending: 0 })).toThrow(/maxPending/);

    const { sink, events, observed } = recorder();
    const logger = keptLogger();
    class Wrong {
      define(builder: PipelineBuilder) {
        const read = builder.addSource([1], 'read');
        builder.setNodeMetadata(read, 'openLineage', { name: 7 });
        builder.addSink(() => undefined, { name: 'save', from: read });
      }
    }
    await runPipeline(Wrong, { ...observed, logger });
    await sink.flush();
    expect(logger.lines).toEqual([expect.stringContaining('an execution observer failed')]);
    expect(events.at(-1)?.inputs).toEqual([{ namespace: 'shop', name: 'Wrong.read' }]);
  });
});
