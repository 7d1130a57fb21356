import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  errorPolicy,
  PipelineRunner,
  runPipeline,
  SinkNode,
  type WritableSink,
} from 'heirline';
import { RecordingObserver, testPipeline } from 'heirline/testing';
import {
  aborted,
  codesOf,
  countsAt,
  definePipeline,
  delay,
  errorOf,
  expectBalanced,
  outcomeOf,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
  unhandledDuring,
} from './support/harness.js';

/** A stream of objects that keeps what it gets, and what has become of it. */
class Kept extends Writable {
  readonly items: unknown[] = [];
  readonly ends: string[] = [];

  constructor(
    private readonly take: (item: unknown, count: number) => Promise<void> | undefined = () => undefined,
    highWaterMark = 4,
  ) {
    super({ objectMode: true, highWaterMark });
    this.on('finish', () => this.ends.push('finish'));
    this.on('close', () => this.ends.push('close'));
  }

  override _write(item: unknown, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.items.push(item);
    const taken = this.take(item, this.items.length);
    if (taken === undefined) done();
    else
      taken.then(() => {
        done();
      }, done);
  }
}

/** A web stream that keeps what it gets, and what has become of it. */
function keptWeb(take: (item: unknown, count: number) => Promise<void> | undefined = () => undefined): {
  stream: WritableStream<unknown>;
  items: unknown[];
  ends: string[];
} {
  const items: unknown[] = [];
  const ends: string[] = [];
  const stream = new WritableStream<unknown>({
    write: (item) => take(item, items.push(item)),
    close: () => void ends.push('close'),
    abort: (reason: unknown) => void ends.push(`abort ${String((reason as { code?: unknown }).code)}`),
  });
  return { stream, items, ends };
}

function into(sink: WritableSink<number>, items: Iterable<number> = range(1, 20)) {
  return definePipeline('root', (builder) => {
    builder.addSink(sink, { name: 'sink', from: builder.addSource(items, 'items') });
  });
}

/** The same at depth 2: each item is written by a child's child. */
function deepInto(sink: WritableSink<number>, options: object = {}, items = range(1, 20)) {
  const inner = definePipeline<number, number>('inner', (builder) => {
    const input = builder.addCompositeInput();
    builder.addSink(sink, { name: 'sink', from: input });
    builder.connect(input, builder.addCompositeOutput());
  });
  const outer = definePipeline<number, number>('outer', (builder) => {
    const child = builder.addComposite(inner, { name: 'inner', from: builder.addCompositeInput() });
    builder.connect(child, builder.addCompositeOutput());
  });
  return definePipeline('root', (builder) => {
    const child = builder.addComposite(outer, {
      name: 'outer',
      from: builder.addSource(items, 'items'),
      ...options,
    });
    builder.addSink(() => undefined, { name: 'end', from: child });
  });
}

describe('a Node stream as a sink', () => {
  test('gets every item in order, and is ended when the run succeeds', async () => {
    const kept = new Kept(() => delay(1));
    const result = await runPipeline(into(kept));
    expect(kept.items).toEqual(range(1, 20));
    expect(kept.ends).toEqual(['finish', 'close']);
    expect(countsAt(result, 'root/sink')).toMatchObject({ in: 20, out: 20 });
  });

  test('is written to with backpressure: the source waits while the stream is full', async () => {
    let given = 0;
    let ahead = 0;
    const kept = new Kept((_item, taken) => {
      ahead = Math.max(ahead, given - taken);
      return delay(0);
    });
    function* items(): Generator<number> {
      for (; given < 100; given += 1) yield given;
    }
    await runPipeline(into(kept, items()));
    expect(kept.items).toHaveLength(100);
    expect(ahead).toBeLessThanOrEqual(6);
  });

  for (const [title, options] of Object.entries({
    'one after the other': {},
    'in four lanes': { concurrency: 4 },
    'as a stream': { granularity: 'stream' },
  })) {
    test(`is ended once where children write to it, ${title}`, async () => {
      const kept = new Kept(() => delay(0));
      await runPipeline(deepInto(kept, options));
      expect([...kept.items].sort((a, b) => Number(a) - Number(b))).toEqual(range(1, 20));
      expect(kept.ends).toEqual(['finish', 'close']);
    });
  }

  test('writes lines to a file, which is complete when the run has succeeded', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heirline-'));
    const path = join(folder, 'lines.txt');
    const definition = definePipeline('root', (builder) => {
      const lines = builder.addTransform((item: number) => `${String(item)}\n`, {
        name: 'lines',
        from: builder.addSource(range(1, 5_000), 'items'),
      });
      builder.addSink(createWriteStream(path), { name: 'file', from: lines });
    });
    await runPipeline(definition);
    const text = await readFile(path, 'utf8');
    expect(text.split('\n')).toHaveLength(5_001);
    await rm(folder, { recursive: true });
  });

  test('that cannot be opened fails the run at its node', async () => {
    const file = createWriteStream(join(tmpdir(), 'heirline-nowhere', 'lines.txt'));
    const unhandled = await unhandledDuring(async () => {
      const error = await rejectionOf(runPipeline(into(file as never)));
      expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink' });
    });
    expect(unhandled).toEqual([]);
  });

  test('answers a request', async () => {
    const server = createServer((_request, response) => {
      const definition = definePipeline('root', (builder) => {
        builder.addSink(response, { name: 'sink', from: builder.addSource(['a', 'b', 'c'], 'items') });
      });
      void runPipeline(definition);
    });
    server.listen(0);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const text = await new Promise<string>((resolve) => {
      get({ port }, (response) => {
        let all = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (all += part));
        response.on('end', () => {
          resolve(all);
        });
      });
    });
    server.close();
    expect(text).toBe('abc');
  });

  test('is not touched by a run that has no item for it', async () => {
    const kept = new Kept();
    await runPipeline(into(kept, []));
    expect(kept.ends).toEqual([]);
    expect(kept.listenerCount('error') + kept.listenerCount('drain')).toBe(0);
    await runPipeline(into(kept, [1]));
    expect(kept.ends).toEqual(['finish', 'close']);
  });

  test('with its class may be a node of the user: then that is written to as one', async () => {
    class Own extends SinkNode<number> {
      readonly items: number[] = [];
      override write(item: number): void {
        this.items.push(item);
      }
      end(): void {
        throw new Error('no stream');
      }
      on(): void {
        throw new Error('no stream');
      }
    }
    const own = new Own();
    await runPipeline(into(own as never, [1, 2]));
    expect(own.items).toEqual([1, 2]);
  });
});

describe('a Node stream that fails', () => {
  test('ends the run at its node, with its error as the cause, and is destroyed', async () => {
    const broken = new Error('disk full');
    const kept = new Kept((_item, count) => (count === 3 ? Promise.reject(broken) : undefined));
    const unhandled = await unhandledDuring(async () => {
      const error = await rejectionOf(runPipeline(into(kept)));
      expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink', cause: broken });
      expectBalanced(resultOf(error));
      expect(kept.destroyed).toBe(true);
    });
    expect(unhandled).toEqual([]);
  });

  test('with its last item is a failure too: nothing is lost in silence', async () => {
    const kept = new Kept(async (_item, count) => {
      await delay(5);
      if (count === 20) throw new Error('disk full');
    }, 100);
    const error = await rejectionOf(runPipeline(into(kept)));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink' });
    expect(error.message).toContain('disk full');
  });

  test('in a child fails the child: its composite may decide, and the run fails when it ends the stream', async () => {
    const kept = new Kept(async (_item, count) => {
      await delay(1);
      if (count === 3) throw new Error('disk full');
    }, 1);
    const alone = await rejectionOf(runPipeline(deepInto(kept)));
    expect(alone).toMatchObject({ code: 'NODE_FAILED', path: 'root/outer/inner/sink' });

    const again = new Kept(async (_item, count) => {
      await delay(1);
      if (count === 3) throw new Error('disk full');
    }, 1);
    const skipped = await rejectionOf(
      runPipeline(deepInto(again, { output: 'optional', errorPolicy: errorPolicy('skip') })),
    );
    expect(skipped).toMatchObject({ code: 'NODE_FAILED', path: 'root/outer/inner/sink' });
    expect(countsAt(resultOf(skipped), 'root/outer').filtered).toBeGreaterThan(0);
  });

  test('by refusing one item fails that item, at once', async () => {
    const bytes = new Writable({
      write(_chunk, _encoding, done) {
        done();
      },
    });
    const error = await rejectionOf(runPipeline(into(bytes as never, [1])));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink' });
    expect(error.cause).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(countsAt(resultOf(error), 'root/sink')).toMatchObject({ in: 1, failed: 1 });
    expect(bytes.destroyed).toBe(true);
  });

  test('is listened to from activation: one that fails while nothing is written', async () => {
    const kept = new Kept();
    const definition = definePipeline('root', (builder) => {
      const items = builder.addSource(async function* (context) {
        yield 1;
        await aborted(context.signal);
      }, 'items');
      builder.addSink(kept, { name: 'sink', from: items });
    });
    const run = runPipeline(definition);
    setTimeout(() => kept.destroy(new Error('gone')), 5);
    const error = await rejectionOf(run);
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink', cause: { message: 'gone' } });
  });

  test('or is closed by others, in a run that waits for it, ends that at once', async () => {
    const kept = new Kept(() => new Promise(() => undefined));
    const run = runPipeline(into(kept));
    setTimeout(() => kept.destroy(), 5);
    const startedAt = performance.now();
    const error = await rejectionOf(run);
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink' });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test('before, or has been ended, fails its node before any item', async () => {
    const ended = new Kept();
    ended.end();
    const destroyed = new Kept();
    destroyed.destroy();
    const errored = new Kept();
    errored.on('error', () => undefined);
    errored.destroy(new Error('gone'));
    await delay(1);
    for (const kept of [ended, destroyed, errored]) {
      let asked = 0;
      function* items(): Generator<number> {
        asked += 1;
        yield 1;
      }
      const error = await rejectionOf(runPipeline(into(kept, items())));
      expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink' });
      expect(asked).toBe(0);
    }
  });
});

describe('a stream of a run that does not succeed', () => {
  test('is destroyed with the error of the run, at once also while it is full', async () => {
    for (const depth of [0, 2]) {
      const kept = new Kept(() => new Promise(() => undefined));
      const errors: unknown[] = [];
      kept.on('error', (error) => errors.push(error));
      const controller = new AbortController();
      const definition = depth === 0 ? into(kept) : deepInto(kept);
      const run = new PipelineRunner().run(definition, { signal: controller.signal });
      setTimeout(() => {
        controller.abort();
      }, 5);
      const startedAt = performance.now();
      const error = await rejectionOf(run);
      expect(error).toMatchObject({ code: 'RUN_CANCELLED', abandoned: [] });
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      expect(kept.destroyed).toBe(true);
      expect(kept.writableFinished).toBe(false);
      expect(errors).toMatchObject([{ code: 'RUN_CANCELLED' }]);
    }
  });

  test('is destroyed where another sink fails in flush, not ended', async () => {
    const kept = new Kept();
    const definition = definePipeline('root', (builder) => {
      const items = builder.addSource([1, 2], 'items');
      builder.addSink(kept, { name: 'stream', from: items });
      const broken = Object.assign(
        new (class extends SinkNode<number> {
          override write(): void {
            // Takes everything.
          }
        })(),
        { flush: () => throwAnything(new Error('broken')) },
      );
      builder.addSink(broken, { name: 'broken', from: items });
    });
    kept.on('error', () => undefined);
    const error = await rejectionOf(runPipeline(definition));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/broken' });
    expect(kept.ends).toEqual(['close']);
  });

  test('that never takes the last of it ends at the deadline: NODE_FAILED, with the remedy graceMs', async () => {
    const kept = new Kept((item) => (item === 3 ? new Promise(() => undefined) : undefined));
    const error = await rejectionOf(new PipelineRunner({ graceMs: 20 }).run(into(kept, [1, 2, 3])));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink' });
    expect(error.message).toContain('graceMs');
    expect(kept.destroyed).toBe(true);
  });
});

describe('the events of a node that writes to a stream', () => {
  test('say that it has succeeded once the stream has taken all, and failed where it has not', async () => {
    for (const fails of [false, true]) {
      const observer = new RecordingObserver();
      const kept = new Kept(async (item) => {
        await delay(1);
        if (fails && item === 5) throw new Error('disk full');
      }, 100);
      await outcomeOf(new PipelineRunner({ executionObserver: observer }).run(into(kept, range(1, 5))));
      const ofSink = observer.of('nodeCompleted').filter(({ nodeId }) => nodeId === 'sink');
      expect(ofSink.map(({ outcome }) => outcome)).toEqual([fails ? 'failed' : 'succeeded']);
      if (!fails) expect(kept.ends).toContain('finish');
    }
  });
});

describe('a stream of several', () => {
  test('nodes is ended once, after both', async () => {
    const kept = new Kept();
    const definition = definePipeline('root', (builder) => {
      const items = builder.addSource([1, 2], 'items');
      const slow = builder.addTransform(
        async (item: number) => {
          await delay(3);
          return item + 10;
        },
        { name: 'slow', from: items },
      );
      builder.addSink(kept, { name: 'one', from: items });
      builder.addSink(kept, { name: 'two', from: slow });
    });
    await runPipeline(definition);
    expect(kept.items).toHaveLength(4);
    expect(kept.ends).toEqual(['finish', 'close']);
  });

  test('runs is ended by the one that first wrote to it; a later run finds it closed', async () => {
    const kept = new Kept();
    const first = runPipeline(into(kept, [1]));
    await first;
    const error = await rejectionOf(runPipeline(into(kept, [2])));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink' });
    expect(error.message).toContain('ended');
    expect(kept.items).toEqual([1]);
  });

  test('runs at once is left open by those that came later', async () => {
    const kept = new Kept();
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    const firstRun = runPipeline(
      into(
        kept,
        (function* () {
          yield 1;
          yield held as never;
        })(),
      ),
    );
    await delay(1);
    await runPipeline(into(kept, [2, 3]));
    expect(kept.ends).toEqual([]);
    go();
    await firstRun;
    expect(kept.ends).toEqual(['finish', 'close']);
  });

  test('is never ended where it is standard output or standard error, and no listener stays', async () => {
    const before = process.stderr.listenerCount('error');
    for (const failing of [false, true]) {
      const definition = definePipeline('root', (builder) => {
        const items = builder.addSource([1], 'items');
        const nothing = builder.addTransform((_item: number) => '', { name: 'nothing', from: items });
        builder.addSink(process.stderr, { from: nothing });
        if (failing)
          builder.addSink(() => throwAnything(new Error('broken')), { name: 'broken', from: items });
      });
      await runPipeline(definition).catch(() => undefined);
    }
    expect(process.stderr.writableEnded).toBe(false);
    expect(process.stderr.destroyed).toBe(false);
    expect(process.stderr.listenerCount('error')).toBe(before);
  });

  test('a hundred runs at once need no more than one listener each kind', async () => {
    const kept = new Kept(() => delay(0));
    kept.setMaxListeners(3);
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    await Promise.allSettled(range(1, 100).map((item) => runPipeline(into(kept, [item]))));
    await delay(1);
    process.off('warning', note);
    expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([]);
  });
});

describe('a web stream as a sink', () => {
  test('gets every item in order, and is closed when the run succeeds, also where children write', async () => {
    for (const definition of [into, deepInto]) {
      const { stream, items, ends } = keptWeb(() => delay(0));
      await runPipeline(definition(stream));
      expect(items).toEqual(range(1, 20));
      expect(ends).toEqual(['close']);
      expect(stream.locked).toBe(false);
    }
  });

  test('is written to with backpressure', async () => {
    let given = 0;
    let ahead = 0;
    const { stream } = keptWeb((_item, taken) => {
      ahead = Math.max(ahead, given - taken);
      return delay(0);
    });
    function* items(): Generator<number> {
      for (; given < 50; given += 1) yield given;
    }
    await runPipeline(into(stream, items()));
    expect(ahead).toBeLessThanOrEqual(3);
  });

  test('that fails ends the run at its node, and is aborted with the run otherwise', async () => {
    const unhandled = await unhandledDuring(async () => {
      const broken = keptWeb((_item, count) => (count === 3 ? Promise.reject(new Error('full')) : undefined));
      const error = await rejectionOf(runPipeline(into(broken.stream)));
      expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink', cause: { message: 'full' } });

      const full = keptWeb(() => delay(30));
      const cancelled = await rejectionOf(
        runPipeline(deepInto(full.stream), { signal: AbortSignal.timeout(10) }),
      );
      expect(cancelled.code).toBe('RUN_CANCELLED');
      expect(full.ends).toEqual(['abort RUN_CANCELLED']);
    });
    expect(unhandled).toEqual([]);
  });

  test('that is closed, has failed, or is locked fails its node before any item', async () => {
    const closed = keptWeb().stream;
    await closed.close();
    const errored = keptWeb().stream;
    await errored.abort(new Error('gone'));
    const locked = keptWeb().stream;
    locked.getWriter();
    const unhandled = await unhandledDuring(async () => {
      for (const stream of [closed, errored, locked]) {
        let asked = 0;
        function* items(): Generator<number> {
          asked += 1;
          yield 1;
        }
        const error = await rejectionOf(runPipeline(into(stream, items())));
        expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink' });
        expect(asked).toBe(0);
      }
    });
    expect(unhandled).toEqual([]);
  });

  test('of a run that has no item for it is left as it was', async () => {
    const { stream, ends } = keptWeb();
    await runPipeline(into(stream, []));
    expect(stream.locked).toBe(false);
    expect(ends).toEqual([]);
    await runPipeline(into(stream, [1]));
    expect(ends).toEqual(['close']);
  });
});

describe('a stream as a sink, beside the rest', () => {
  test('takes the options of a node of the whole stream: no policy, no limit, no lanes', () => {
    for (const options of [{ errorPolicy: 'skip' }, { timeoutMs: 5 }, { concurrency: 2 }] as const) {
      const definition = definePipeline('root', (builder) => {
        const items = builder.addSource([1], 'items');
        builder.addSink(new PassThrough(), { name: 'sink', from: items, ...options });
      });
      expect(codesOf(errorOf(() => buildPipeline(definition)))).toEqual(['OPTION_INVALID']);
    }
  });

  test('is named as functions are, since standard output has another class in a terminal', () => {
    const definition = definePipeline('root', (builder) => {
      builder.addSink(process.stdout, { from: builder.addSource(['a'], 'items') });
    });
    expect(buildPipeline(definition).nodes.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
      'items source',
      'sink-1 sink',
    ]);
  });

  test('is replaced by memory in a test, and may be a stub', async () => {
    const kept = new Kept();
    const result = await testPipeline(into(kept, [1, 2])).run();
    expect(result.errors).toEqual([]);
    expect(result.sink('sink')).toEqual([1, 2]);
    expect(kept.items).toEqual([]);
    const stubbed = await testPipeline(into(new Kept(), [1, 2]))
      .replaceNode('sink', kept)
      .run();
    expect(stubbed.errors).toEqual([]);
    expect(kept.items).toEqual([1, 2]);
  });
});
