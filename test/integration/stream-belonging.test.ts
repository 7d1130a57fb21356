import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { describe, expect, test } from 'vitest';
import {
  currentContext,
  mapSecrets,
  PipelineRunner,
  runPipeline,
  withContext,
  type PipelineContextOptions,
} from 'heirline';
import { ManualClock } from 'heirline/testing';
import { collect, aborted, delay, gate, nextTurn, rejectionOf, resultOf } from './support/harness.js';
import { childNode, rootChild, rootNode } from './support/small-graphs.js';

const runner = new PipelineRunner();
const Child = childNode(() => undefined);

/** Items that note whether anybody has touched them. */
function watchedItems(): Iterable<number> & { touched: boolean } {
  return {
    touched: false,
    *[Symbol.iterator]() {
      this.touched = true;
      yield* [1, 2, 3];
    },
  };
}

describe('a stream that is closed before the first item was asked for', () => {
  test.each<[string, (outputs: AsyncIterable<number>) => unknown]>([
    ['return()', (outputs) => outputs[Symbol.asyncIterator]().return?.()],
    ['destroy() of a Readable', (outputs) => Readable.from(outputs).destroy()],
    ['cancel() of a ReadableStream', (outputs) => ReadableStream.from(outputs).cancel()],
  ])('by %s rejects its result as cancelled, and never touches its input', async (_how, close) => {
    const items = watchedItems();
    const outputs = runner.stream(Child, items);
    await close(outputs);
    const error = await rejectionOf(outputs.result);

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'user', path: 'child-pipeline' });
    expect(resultOf(error).status).toBe('cancelled');
    expect(items.touched).toBe(false);
  });

  test('gives nothing more, and closing it again does nothing', async () => {
    const iterator = runner.stream(Child, [1])[Symbol.asyncIterator]();
    const end = { done: true, value: undefined };

    expect(await iterator.return?.()).toEqual(end);
    expect(await iterator.return?.()).toEqual(end);
    expect(await iterator.next()).toEqual(end);
  });

  test('closing it again does nothing either after items were read, or after all of them', async () => {
    for (const count of [1, 4]) {
      const iterator = runner.stream(Child, [1, 2, 3])[Symbol.asyncIterator]();
      for (let turn = 0; turn < count; turn += 1) await iterator.next();

      expect([await iterator.return?.(), await iterator.return?.()]).toHaveLength(2);
    }
  });
});

describe('a stream that nobody reads', () => {
  test('rejects its result where its signal was aborted, or aborts, and never touches its input', async () => {
    const items = watchedItems();
    const before = AbortSignal.abort({ kind: 'superseded' });
    const caller = new AbortController();
    const late = runner.stream(Child, items, { signal: caller.signal }).result;
    await nextTurn();
    caller.abort({ kind: 'shutdown' });

    expect(await rejectionOf(runner.stream(Child, items, { signal: before }).result)).toMatchObject({
      kind: 'superseded',
    });
    expect(await rejectionOf(late)).toMatchObject({ code: 'RUN_CANCELLED', kind: 'shutdown' });
    expect(items.touched).toBe(false);
  });

  test('rejects its result when its time is over, counted from the call', async () => {
    const clock = new ManualClock();
    const timed = new PipelineRunner({ clock });
    const options = { run: { timeoutMs: 100 } };
    const asked = timed.stream(Child, [1], options);
    const read = timed.stream(Child, [1], options);
    const early = timed.stream(Child, [1], options);
    await clock.advance(60);
    const { result } = asked;
    expect(await collect(early)).toEqual([1]);
    await clock.advance(60);

    expect(await rejectionOf(result)).toMatchObject({ kind: 'deadline' });
    expect(await rejectionOf(collect(read))).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });
  });

  test('rejects its result where it cannot start, with the error that reading throws', async () => {
    const wrong = { run: { timeoutMs: -1 } } as PipelineContextOptions;
    const asked = runner.stream(Child, [1], wrong);
    const read = runner.stream(Child, [1], wrong);
    const refused = new PipelineRunner({ requireTenant: true }).stream(Child, [1]);

    expect((await rejectionOf(asked.result)).code).toBe('OPTION_INVALID');
    const error = await rejectionOf(collect(read));
    expect(error.code).toBe('OPTION_INVALID');
    expect(await rejectionOf(read.result)).toBe(error);
    expect((await rejectionOf(collect(refused))).code).toBe('TENANT_REQUIRED');
    expect((await rejectionOf(refused.result)).code).toBe('TENANT_REQUIRED');
  });

  test('keeps no process alive, and one that is read does', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const started = gate();
    const ended = gate();
    const Waiting = childNode(async () => {
      started.open();
      await ended.opened;
    });
    const outputs = runner.stream(Waiting, [1], { run: { timeoutMs: 60_000 } });
    const before = timers();
    const { result } = outputs;
    expect(timers()).toBe(before);
    const reading = collect(outputs);
    await started.opened;
    expect(timers()).toBeGreaterThan(before);
    ended.open();

    expect(await reading).toEqual([1]);
    expect((await result).status).toBe('succeeded');
    expect(timers()).toBe(before);
  });
});

describe('a stream belongs to where it was made, whoever reads it', () => {
  const requests = new AsyncLocalStorage<string>();

  test('its code sees the async-local state of its maker', async () => {
    const seen: unknown[] = [];
    const Look = childNode(async () => {
      seen.push(requests.getStore());
      await nextTurn();
      seen.push(requests.getStore());
    });
    function* items() {
      seen.push(requests.getStore());
      yield 1;
    }
    const outputs = requests.run('maker', () => runner.stream(Look, items()));
    await requests.run('reader', async () => {
      for await (const item of outputs) seen.push(item, requests.getStore());
    });

    expect(seen).toEqual(['maker', 'maker', 'maker', 1, 'reader']);
  });

  test('its run is linked to that of its maker, and acts for the same tenant', async () => {
    const seen: unknown[] = [];
    const Look = childNode(async ({ run }) => {
      seen.push(run.parentRunId, run.tenantId, (await run.secrets.get('K')).reveal());
    });
    const made: AsyncIterable<number>[] = [];
    const runOf = (tenantId: string) => ({
      run: { runId: `run of ${tenantId}`, tenantId, secrets: mapSecrets({ K: `key of ${tenantId}` }) },
    });
    const Maker = rootChild(() => made.push(runner.stream(Look, [1])));
    const Reader = rootChild(async () => {
      for (const outputs of made) await collect(outputs);
    });
    await runPipeline(Maker, runOf('acme'));
    await runPipeline(Reader, runOf('globex'));

    expect(seen).toEqual(['run of acme', 'acme', 'key of acme']);
  });

  test('made outside of runs it is not cancelled with the run that reads its first item', async () => {
    const outputs = runner.stream(Child, [1, 2]);
    const iterator = outputs[Symbol.asyncIterator]();
    const first: unknown[] = [];
    await rejectionOf(
      runPipeline(
        rootNode(async ({ run }) => {
          first.push((await iterator.next()).value);
          run.cancel();
        }),
      ),
    );

    expect([...first, (await iterator.next()).value, (await iterator.next()).done]).toEqual([1, 2, true]);
    const { context } = await outputs.result;
    expect(context.parentRunId).toBeUndefined();
  });

  test.each(['before', 'after'])(
    'it is cancelled with the run of its maker, %s the first item was read outside',
    async (when) => {
      const made = gate<AsyncIterable<number> & { result: Promise<unknown> }>();
      const ended = gate();
      const maker = rejectionOf(
        runPipeline(
          rootChild(async ({ run, signal }) => {
            made.open(runner.stream(Child, [1, 2]));
            await ended.opened;
            run.cancel({ kind: 'superseded' });
            await aborted(signal);
          }),
        ),
      );
      const outputs = await made.opened;
      const iterator = outputs[Symbol.asyncIterator]();
      const asked = when === 'before' ? outputs.result : iterator.next();
      await nextTurn();
      ended.open();
      await maker;
      await Promise.allSettled([asked]);

      expect(await rejectionOf(outputs.result)).toMatchObject({ code: 'RUN_CANCELLED', kind: 'superseded' });
      expect(currentContext()).toBeUndefined();
    },
  );

  test('made in withContext it ends with the limit there', async () => {
    const outputs = await withContext({ run: { timeoutMs: 20 } }, async () => {
      const made = runner.stream(Child, [1]);
      made.result.catch(() => undefined);
      await delay(40);
      return [made];
    });

    expect(await rejectionOf(outputs[0]?.result ?? Promise.resolve())).toMatchObject({ kind: 'deadline' });
  });
});
