import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  MemoryRunStore,
  PipelineContext,
  PipelineRunner,
  RunManager,
  Secret,
  currentContext,
  mapSecrets,
  requireContext,
  runDetached,
} from 'heirline';
import type { RunRecord, RunStrategy } from 'heirline';
import { collect, failureOf, gated, newManager, until, work } from './support/managed.js';

const quick = work(() => undefined, 'Quick');

describe('admission', () => {
  test('of 50 starts at once on one thread one runs, and 49 are conflicts', async () => {
    const manager = newManager();
    const { definition, open, seen } = gated();
    const settled = await Promise.allSettled(
      Array.from({ length: 50 }, () => manager.start(definition, { threadId: 'a' })),
    );
    const refused = settled.flatMap((start) =>
      start.status === 'rejected' ? [start.reason as unknown] : [],
    );
    expect(refused).toHaveLength(49);
    for (const error of refused) expect(error).toMatchObject({ code: 'RUN_CONFLICT' });
    open();
    await until(async () => !(await manager.hasActive('a')));
    expect(seen.through).toBe(1);
  });

  test('threads, and runs without one, do not meet', async () => {
    const manager = newManager();
    const { definition, open } = gated();
    const handles = await Promise.all(
      ['a', 'b', undefined, undefined].map((threadId) => manager.start(definition, { threadId })),
    );
    open();
    for (const { result } of handles)
      expect(await result).toMatchObject({ status: 'succeeded', persisted: true });
  });

  test('an unknown strategy, name or option is refused before anything happens', async () => {
    const store = new MemoryRunStore();
    const manager = newManager({ store });
    const start = (definition: unknown, options: object): Promise<{ readonly code?: string }> =>
      failureOf(manager.start(definition as string, options));
    expect(await start(quick, { strategy: 'maybe' })).toMatchObject({ code: 'STRATEGY_UNKNOWN' });
    expect(await start('quick', {})).toMatchObject({ code: 'DEFINITION_UNKNOWN' });
    expect(await start('toString', {})).toMatchObject({ code: 'DEFINITION_UNKNOWN' });
    expect(await start(undefined, {})).toMatchObject({ code: 'OPTION_INVALID' });
    for (const wrong of [
      { threadID: 'a' },
      { threadId: '' },
      { threadId: 'a\0b' },
      { tenantId: '\ud800' },
      { idempotencyKey: 'x'.repeat(513) },
      { timeoutMs: 0 },
      { onDisconnect: 'wait' },
      { context: { run: { runId: 'mine' } } },
      { context: { run: { tenantId: 'other' } }, tenantId: 'mine' },
    ]) {
      expect(await start(quick, wrong), JSON.stringify(wrong)).toMatchObject({ code: 'OPTION_INVALID' });
    }
    expect(await manager.list()).toEqual([]);
  });

  test('metadata are plain JSON of at most 1 MiB, and are copied', async () => {
    const manager = newManager();
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    for (const metadata of [
      circular,
      { secret: Secret.of('s') },
      { text: 'x'.repeat(1_048_576) },
      { at: new Date() },
      [1],
    ]) {
      const options = { metadata: metadata as never };
      expect(await failureOf(manager.start(quick, options))).toMatchObject({ code: 'METADATA_INVALID' });
    }
    expect(await failureOf(manager.start(quick, { metadata: { ok: 1, price: 1n as never } }))).toMatchObject({
      message: expect.stringContaining("are no plain JSON object: 'price' is not plain") as string,
    });
    const metadata = { list: [1] };
    const { record } = await manager.start(quick, { metadata });
    metadata.list.push(2);
    expect(record.metadata).toEqual({ list: [1] });
    expect(Object.isFrozen(record.metadata['list'])).toBe(true);
  });

  test('one idempotency key twice is one run, also at once; its first options stand', async () => {
    const manager = newManager();
    const { definition, open, seen } = gated();
    const options = { threadId: 'a', idempotencyKey: 'k' };
    const handles = await Promise.all(
      Array.from({ length: 10 }, (_, n) => manager.start(definition, { ...options, metadata: { n } })),
    );
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1);
    open();
    await handles[0]?.result;
    const late = await manager.start(definition, options);
    expect(await late.result).toMatchObject({ status: 'succeeded', persisted: true, runId: handles[0]?.id });
    expect(seen.begun).toBe(1);
    expect(await failureOf(manager.start(definition, { ...options, threadId: 'b' }))).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    expect(await failureOf(manager.start(quick, options))).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect((await manager.forTenant('other').start(definition, options)).id).not.toBe(handles[0]?.id);
  });
});

describe('strategies', () => {
  const lines: string[] = [];
  /** Writes a line now and then until it is cancelled, and a last one when it is. */
  const writer = (name: string): ReturnType<typeof work> =>
    work(async ({ signal, run }) => {
      run.session.set('by', name);
      while (!signal.aborted) {
        lines.push(name);
        await sleep(2);
      }
      await sleep(15);
      lines.push(`${name} last`);
    }, name);

  test.each(['interrupt', 'rollback'] as const)(
    '%s: the first write of the new run comes after the last one of the old, whose session is undone',
    async (strategy) => {
      lines.length = 0;
      const manager = newManager();
      await (
        await manager.start(
          work(({ run }) => run.session.set('by', 'before')),
          { threadId: 'a' },
        )
      ).result;
      const old = await manager.start(writer('old'), { threadId: 'a' });
      const queued = await manager.start(writer('queued'), { threadId: 'a', strategy: 'enqueue' });
      await until(() => lines.includes('old'));
      const next = await manager.start(
        work(({ run }) => lines.push(`new sees ${String(run.session.get('by'))}`)),
        { threadId: 'a', strategy },
      );
      expect(next.record.status).toBe('pending');
      await next.result;
      expect(lines.filter((line) => line !== 'old')).toEqual(['old last', 'new sees before']);
      for (const { record } of [old, queued]) {
        expect(record).toMatchObject({ status: 'interrupted', stopReason: 'superseded' });
      }
      expect(await failureOf(queued.result)).toMatchObject({ code: 'RUN_CANCELLED', kind: 'superseded' });
    },
  );

  test('enqueue: first in, first out, up to a cap, and cancellable while it waits', async () => {
    const manager = newManager({ maxQueued: 3 });
    const { definition, open } = gated();
    const order: number[] = [];
    const first = await manager.start(definition, { threadId: 'a' });
    const start = (n: number) =>
      manager.start(
        work(() => order.push(n)),
        { threadId: 'a', strategy: 'enqueue' },
      );
    const waiting = [await start(1), await start(2), await start(3)];
    expect(await failureOf(start(4))).toMatchObject({ code: 'QUEUE_FULL' });
    expect(await waiting[1]?.cancel({ reason: 'changed my mind' })).toBe('cancelled');
    open();
    await Promise.all([first.result, waiting[0]?.result, waiting[2]?.result]);
    expect(order).toEqual([1, 3]);
    expect(waiting[1]?.record).toMatchObject({ status: 'interrupted', stopReason: 'user' });
    expect(waiting[1]?.record.startedAt).toBeUndefined();
  });

  test('a refused start leaves the runs of the thread untouched', async () => {
    const manager = newManager();
    const { definition, open } = gated();
    const first = await manager.start(definition, { threadId: 'a' });
    const wrong = { threadId: 'a', strategy: 'interrupt', metadata: { at: new Date() } as never } as const;
    await failureOf(manager.start(quick, wrong));
    open();
    expect(await first.result).toMatchObject({ status: 'succeeded' });
  });

  test('a run can start one on its own thread, under every strategy but reject', async () => {
    const manager = newManager();
    for (const strategy of ['enqueue', 'interrupt', 'rollback'] as const satisfies RunStrategy[]) {
      let inner: Promise<RunRecord> | undefined;
      const outer = await manager.start(
        work(async () => {
          const handle = await manager.start(quick, { threadId: 'a', strategy });
          inner = manager.wait(handle.id);
        }),
        { threadId: 'a' },
      );
      const { status } = await manager.wait(outer.id);
      expect([status, (await inner)?.status]).toEqual([
        strategy === 'enqueue' ? 'success' : 'interrupted',
        'success',
      ]);
    }
  });
});

describe('how runs end', () => {
  test('each end has its status and reason, and an error only where something failed', async () => {
    const manager = newManager();
    const end = async (
      definition: ReturnType<typeof work>,
      options: object = {},
    ): Promise<Partial<RunRecord>> => {
      const { id } = await manager.start(definition, options);
      const { status, stopReason, error } = await manager.wait(id);
      return {
        status,
        ...(stopReason && { stopReason }),
        ...(error && { error: { code: error.code } as never }),
      };
    };
    const wait = ({ signal }: { signal: AbortSignal }) => sleep(10_000, undefined, { signal });
    expect(await end(quick)).toEqual({ status: 'success' });
    expect(
      await end(
        work(() => {
          throw new Error('no');
        }),
      ),
    ).toEqual({ status: 'error', error: { code: 'NODE_FAILED' } });
    expect(await end(work(wait), { timeoutMs: 10 })).toEqual({
      ...{ status: 'timeout', stopReason: 'deadline', error: { code: 'RUN_CANCELLED' } },
    });
    expect(await end(quick, { context: { run: { deadline: new Date(0) } } })).toMatchObject({
      status: 'timeout',
    });
    expect(
      await end(
        work(({ run }) => run.cost.record({ callId: 'a', model: 'm', inputTokens: 9, outputTokens: 0 })),
        { context: { run: { budget: { tokens: 5 } } } },
      ),
    ).toEqual({ status: 'error', stopReason: 'budget', error: { code: 'BUDGET_EXCEEDED' } });
    expect(
      await end(
        work((context) => {
          context.run.cancel({ kind: 'superseded' });
        }),
      ),
    ).toEqual({ status: 'interrupted', stopReason: 'superseded' });
    expect(await end(quick, { context: { signal: AbortSignal.abort() } })).toEqual({
      ...{ status: 'interrupted', stopReason: 'user' },
    });
    class Empty {
      define(): void {
        // Nothing: it cannot be built.
      }
    }
    expect(await end(Empty)).toMatchObject({ status: 'error' });
  });

  test('a record says what the run has cost, by model, and what passed each node', async () => {
    const manager = newManager();
    const { id } = await manager.start(
      work(({ run }) => run.cost.record({ callId: 'a', model: 'm', inputTokens: 3, outputTokens: 1 })),
    );
    const { cost, counts, startedAt = 0, endedAt = 0, createdAt } = await manager.wait(id);
    expect(cost).toMatchObject([{ key: 'm', inputTokens: 3, outputTokens: 1, calls: 1 }]);
    expect(counts['Work/step']).toMatchObject({ in: 1, out: 1 });
    expect(createdAt <= startedAt && startedAt <= endedAt).toBe(true);
  });

  test('the value of a secret is nowhere in a record', async () => {
    const manager = newManager();
    const secrets = { resolve: () => Secret.of('hush-hush-hush') };
    const { id } = await manager.start(
      work(async ({ run }) => {
        throw new Error(`cannot log in with ${(await run.secrets.get('KEY')).reveal()}`);
      }),
      { context: { run: { secrets } } },
    );
    expect(JSON.stringify(await manager.wait(id))).not.toContain('hush');
    expect(JSON.stringify(await collect(manager.events(id)))).not.toContain('hush');
  });

  test('timeoutMs counts from the beginning of the run, not while it waits', async () => {
    const manager = newManager();
    const { definition, open } = gated();
    await manager.start(definition, { threadId: 'a' });
    const timed = await manager.start(quick, { threadId: 'a', strategy: 'enqueue', timeoutMs: 30 });
    await sleep(60);
    open();
    expect(await timed.result).toMatchObject({ status: 'succeeded' });
  });
});

describe('cancelling', () => {
  test('gives the same answer twice, and says what it cannot do', async () => {
    const manager = newManager();
    const { definition, seen } = gated();
    const running = await manager.start(definition);
    await until(() => seen.begun === 1);
    expect([await manager.cancel(running.id), await manager.cancel(running.id)]).toEqual([
      'cancelled',
      'cancelled',
    ]);
    expect(await failureOf(running.result)).toMatchObject({ name: 'AbortError', kind: 'user' });
    expect(await manager.cancel(running.id)).toBe('cancelled');
    const done = await manager.start(quick);
    await done.result;
    expect(await done.cancel()).toBe('not_cancellable');
    expect(await manager.cancel('unheard-of')).toBe('unknown');
    expect(await failureOf(manager.cancel(done.id, { action: 'explode' as never }))).toMatchObject({
      code: 'ACTION_UNKNOWN',
    });
  });

  test('before the work is attached, the work never runs', async () => {
    const manager = newManager();
    const { definition, seen } = gated();
    const handle = await manager.start(definition, { threadId: 'a' });
    await handle.cancel();
    await failureOf(handle.result);
    expect([handle.record.status, seen.begun]).toEqual(['interrupted', 0]);
  });

  test('beats a late success', async () => {
    const manager = newManager();
    let isReady = false;
    const stubborn = work(async ({ signal, run }) => {
      isReady = true;
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      run.session.set('late', true);
    });
    const handle = await manager.start(stubborn, { threadId: 'a' });
    await until(() => isReady);
    expect(await handle.cancel()).toBe('cancelled');
    const failure = await failureOf(handle.result);
    expect(failure).toMatchObject({ code: 'RUN_CANCELLED' });
    expect((await manager.get(handle.id))?.status).toBe('interrupted');
    expect(await manager.session('a')).toEqual({});
  });

  test('in 200 races with the end, the answer and the record agree', async () => {
    const manager = newManager();
    const race = async (index: number): Promise<void> => {
      const handle = await manager.start(work(() => sleep(index % 4)));
      if (index % 3 > 0) await sleep(index % 5);
      const outcome = await handle.cancel();
      const { status } = await manager.wait(handle.id);
      expect([outcome, status]).toEqual(
        outcome === 'cancelled' ? ['cancelled', 'interrupted'] : ['not_cancellable', 'success'],
      );
    };
    await Promise.all(Array.from({ length: 200 }, (_, index) => race(index)));
  });

  test('a run that timed out but has not stopped yet is not cancellable', async () => {
    const manager = newManager();
    let isLate = false;
    const handle = await manager.start(
      work(async ({ signal }) => {
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        isLate = true;
        await sleep(30);
      }),
      { timeoutMs: 5 },
    );
    await until(() => isLate);
    expect(await handle.cancel()).toBe('not_cancellable');
    expect((await manager.wait(handle.id)).status).toBe('timeout');
  });
});

describe('what a run sees', () => {
  test('runs that are given no context see nothing of one another', async () => {
    const manager = newManager();
    const seen: unknown[] = [];
    const noting = work(() => {
      const { parameters, run, runId } = requireContext();
      seen.push([parameters.has('note'), run.tenantId, runId]);
      parameters.set('note', 1);
    });
    const first = await manager.start(noting, { tenantId: 'acme' });
    await first.result;
    const second = await manager.start(noting);
    await second.result;

    expect(seen).toEqual([
      [false, 'acme', first.id],
      [false, undefined, second.id],
    ]);
  });

  test('its ids, tenant and thread are those of the record', async () => {
    const manager = newManager();
    let seen: unknown;
    const { record } = await manager.start(
      work(({ run }) => {
        const { runId, threadId, tenantId, followUpToRunId } = run;
        seen = { runId, threadId, tenantId, followUpToRunId };
      }),
      { threadId: 't', tenantId: 'x', followUpToRunId: 'before' },
    );
    await manager.wait(record.runId);
    expect(seen).toEqual({ runId: record.runId, threadId: 't', tenantId: 'x', followUpToRunId: 'before' });
  });

  test('started inside of a run: linked to it, for the same tenant, but neither cancelled nor bound by it', async () => {
    const manager = newManager();
    const { definition, open } = gated('Inner');
    let inner: string | undefined;
    const ids: unknown[] = [];
    const outer = await manager.start(
      work(async ({ run, signal }) => {
        ids.push(run.runId, run.correlationId);
        const linked = work(({ run: own }) => {
          ids.push(own.parentRunId, own.correlationId, own.rootRunId, own.tenantId, own.principal);
        });
        await (
          await manager.start(linked)
        ).result;
        inner = (await manager.start(definition)).id;
        await sleep(10_000, undefined, { signal });
      }),
      { tenantId: 'x', timeoutMs: 200, context: { run: { principal: { user: 'ada' } } } },
    );
    await until(() => inner !== undefined);
    await outer.cancel();
    open();
    expect(await manager.wait(inner ?? '')).toMatchObject({ status: 'success', tenantId: 'x' });
    expect(ids.slice(2)).toEqual([ids[0], ids[1], ids[0], 'x', { user: 'ada' }]);
  });

  test('a template or the context of a run is taken as its options are', async () => {
    const manager = newManager();
    const seen: unknown[] = [];
    const look = work(async ({ parameters, run }) => {
      seen.push([parameters.get('a'), run.tenantId, (await run.secrets.get('KEY')).reveal()]);
    });
    const stopping = new AbortController();
    const template = new PipelineContext({
      parameters: { a: 1 },
      run: { tenantId: 'x', secrets: mapSecrets({ KEY: 'k' }) },
      signal: stopping.signal,
    });
    const first = await manager.start(look, { context: template, tenantId: 'x' });
    const { context } = await first.result;
    await (
      await manager.start(look, { context, tenantId: 'x' })
    ).result;
    expect(seen).toEqual([
      [1, 'x', 'k'],
      [1, 'x', 'k'],
    ]);
    stopping.abort();
    const stopped = await manager.start(look, { context: template, tenantId: 'x' });
    expect((await manager.wait(stopped.id)).status).toBe('interrupted');
    expect(await failureOf(manager.start(look, { context: template }))).toMatchObject({
      code: 'OPTION_INVALID',
    });
    const joining = { run: context?.run };
    expect(await failureOf(manager.start(look, { context: joining }))).toMatchObject({
      code: 'OPTION_INVALID',
    });
  });

  test('is executed outside of what started it', async () => {
    const manager = newManager();
    const seen: unknown[] = [];
    const runner = new PipelineRunner();
    await runner.run(
      work(async () => {
        const handle = await manager.start(work(() => seen.push(currentContext()?.pipelineName), 'Inner'));
        await handle.result;
      }),
    );
    expect(seen).toEqual(['Inner']);
  });

  test('its session is what the thread has committed, with dates, Maps and bytes', async () => {
    const manager = newManager();
    const first = work(({ run }) => {
      run.session
        .set('at', new Date(5))
        .set('map', new Map([['a', new Set([1n])]]))
        .set('bytes', new Uint8Array([1]));
    });
    await (
      await manager.start(first, { threadId: 'a' })
    ).result;
    let seen: unknown;
    await (
      await manager.start(
        work(({ run }) => (seen = run.session.toObject())),
        { threadId: 'a' },
      )
    ).result;
    const expected = { at: new Date(5), map: new Map([['a', new Set([1n])]]), bytes: new Uint8Array([1]) };
    expect(seen).toEqual(expected);
    expect(await manager.session('a')).toEqual(expected);
    expect(await manager.forTenant('x').session('a')).toEqual({});
  });

  test('a session that cannot be stored fails the run and keeps nothing', async () => {
    const manager = newManager();
    const handle = await manager.start(
      work(({ run }) => run.session.set('ok', 1).set('client', { socket: new (class Socket {})() })),
      { threadId: 'a' },
    );
    expect(await failureOf(handle.result)).toMatchObject({
      code: 'SESSION_NOT_STORABLE',
      message: expect.stringContaining(
        "'client' of the session cannot be stored: .socket is an instance",
      ) as string,
      result: { status: 'failed', persisted: true },
    });
    expect(handle.record).toMatchObject({ status: 'error', error: { code: 'SESSION_NOT_STORABLE' } });
    expect(await manager.session('a')).toEqual({});
  });

  test('by name: data only, which is copied as another process would get it', async () => {
    let seen: unknown;
    const definitions = {
      named: work(({ parameters, run }) => (seen = [parameters.get('at'), run.principal])),
    };
    const manager = newManager({ definitions });
    const at = new Date(7);
    const context = { parameters: { at }, run: { principal: { user: 'ada' } } };
    const handle = await manager.start('named', { context });
    await handle.result;
    expect(seen).toEqual([at, { user: 'ada' }]);
    expect(handle.record).toMatchObject({ definition: 'named', pipelineName: 'Work' });
    for (const wrong of [
      { items: { db: 1 } },
      { parameters: { db: () => 1 } },
      { run: { secrets: { resolve: () => undefined } } },
    ]) {
      expect(await failureOf(manager.start('named', { context: wrong }))).toMatchObject({
        code: 'OPTION_INVALID',
      });
    }
  });
});

describe('times that no timer can measure', () => {
  test.for(['leaseMs', 'heartbeatMs', 'sweepMs', 'graceMs', 'disconnectGraceMs'])(
    'are refused: a timer would fire at once (%s)',
    (name) => {
      expect(() => new RunManager({ [name]: 2 ** 31 })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      );
    },
  );

  test('are refused by close too, which would abandon all runs', () => {
    const manager = newManager();
    expect(() => manager.close({ timeoutMs: 2 ** 31 })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});

describe('looking runs up', () => {
  test('newest first, page by page, by thread and status', async () => {
    const manager = newManager();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const handle = await manager.start(quick, { threadId: n % 2 === 0 ? 'even' : 'odd' });
      await handle.result;
      ids.unshift(handle.id);
    }
    const idsOf = (records: readonly RunRecord[]): string[] => records.map(({ runId }) => runId);
    expect(idsOf(await manager.list())).toEqual(ids);
    expect(idsOf(await manager.list({ limit: 2, before: ids[1] ?? '' }))).toEqual(ids.slice(2, 4));
    expect(idsOf(await manager.list({ threadId: 'odd' }))).toEqual([ids[1], ids[3]]);
    expect(await manager.list({ status: ['error', 'running'] })).toEqual([]);
    expect(await failureOf(manager.list({ before: 'unheard-of' }))).toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  test('wait: until the end, until a time, or until a signal; an unknown run is an error', async () => {
    const manager = newManager();
    const { definition, open } = gated();
    const { id } = await manager.start(definition);
    expect((await manager.wait(id, { timeoutMs: 5 })).status).toBe('running');
    const reason = new Error('enough');
    expect(await failureOf(manager.wait(id, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const waiting = manager.wait(id);
    open();
    expect((await waiting).status).toBe('success');
    expect(await failureOf(manager.wait('unheard-of'))).toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  test("a tenant never sees, waits for, cancels or lists another one's runs", async () => {
    const manager = newManager();
    const [lake, hill] = [manager.forTenant('lake'), manager.forTenant('hill')];
    const { definition, open } = gated();
    const { id } = await lake.start(definition, { threadId: 'a' });
    expect(await hill.get(id)).toBeUndefined();
    expect(await hill.cancel(id)).toBe('unknown');
    expect(await hill.list()).toEqual([]);
    expect(await hill.hasActive('a')).toBe(false);
    for (const asked of [hill.wait(id), collect(hill.events(id)), hill.subscribe(id)])
      expect(await failureOf(asked)).toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(await failureOf(hill.list({ tenantId: 'lake' } as object))).toMatchObject({
      code: 'OPTION_INVALID',
    });
    expect(await failureOf(hill.start(quick, { tenantId: 'lake' } as object))).toMatchObject({
      code: 'OPTION_INVALID',
    });
    await (
      await hill.start(quick, { threadId: 'a' })
    ).result;
    expect(await hill.prune({ keep: 0 })).toBe(1);
    open();
    expect((await lake.wait(id)).status).toBe('success');
    expect((await manager.list({ tenantId: null })).length).toBe(0);
  });

  test('forTenant(null): the runs without a tenant, and no others; inside of a tenant it starts none', async () => {
    const manager = newManager();
    const nobody = manager.forTenant(null);
    const theirs = await manager.start(quick, { tenantId: 'lake', threadId: 'a' });
    const own = await nobody.start(quick, { threadId: 'a' });
    expect(await nobody.wait(own.id)).toEqual(await manager.wait(own.id));
    await manager.wait(theirs.id);
    expect((await nobody.list()).map(({ runId }) => runId)).toEqual([own.id]);
    expect(await nobody.get(theirs.id)).toBeUndefined();
    expect(await nobody.cancel(theirs.id)).toBe('unknown');
    expect(await failureOf(nobody.wait(theirs.id))).toMatchObject({ code: 'RUN_NOT_FOUND' });
    const inside = work(async () => {
      expect(await failureOf(nobody.start(quick))).toMatchObject({ code: 'OPTION_INVALID' });
      await (
        await runDetached(() => nobody.start(quick))
      ).result;
    });
    await (
      await manager.start(inside, { tenantId: 'lake' })
    ).result;
    expect(await nobody.prune({ keep: 0 })).toBe(2);
    expect((await manager.list()).map(({ tenantId }) => tenantId)).toEqual(['lake', 'lake']);
  });

  test('prune removes ended runs, and forget all of a thread', async () => {
    const manager = newManager();
    const writing = work(({ run }) => run.session.set('a', 1));
    const { id } = await manager.start(writing, { threadId: 'a' });
    await manager.wait(id);
    expect(await failureOf(manager.prune({}))).toMatchObject({ code: 'OPTION_INVALID' });
    expect(await manager.prune({ endedBefore: 1 })).toBe(0);
    expect(await manager.prune({ keep: 0 })).toBe(1);
    expect(await manager.get(id)).toBeUndefined();
    expect(await manager.session('a')).toEqual({ a: 1 });
    const { definition, open } = gated();
    const running = await manager.start(definition, { threadId: 'a' });
    expect(await failureOf(manager.forget('a'))).toMatchObject({ code: 'RUN_CONFLICT' });
    open();
    await running.result;
    expect(await manager.forget('a')).toBe(1);
    expect(await manager.session('a')).toEqual({});
  });

  test('records are frozen, and of 1,000 ended runs as many stay as the cap says', async () => {
    const manager = newManager({ memoryCap: 20 });
    const { definition, open } = gated();
    const running = await manager.start(definition);
    for (let n = 0; n < 1000; n += 1) await (await manager.start(quick)).result;
    const records = await manager.list({ limit: 2000 });
    expect(records).toHaveLength(21);
    expect(records.every((record) => Object.isFrozen(record))).toBe(true);
    open();
    expect(await running.result).toMatchObject({ status: 'succeeded' });
  });
});

describe('closing', () => {
  test('a run whose insert ends while the manager closes never works', async () => {
    const store = new MemoryRunStore();
    let admit!: () => void;
    const admitted = new Promise<void>((resolve) => (admit = resolve));
    const slow = new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        const call = (...args: unknown[]): unknown => Reflect.apply(member, target, args);
        return name === 'insert' ? (...args: unknown[]) => admitted.then(() => call(...args)) : call;
      },
    });
    const manager = newManager({ store: slow });
    let worked = 0;
    const starting = manager.start(work(() => void (worked += 1)));
    const closing = manager.close();
    admit();

    const { id } = await starting;
    expect((await closing).cancelled).toEqual([id]);
    expect(worked).toBe(0);
    expect(await store.get(id)).toMatchObject({ status: 'interrupted', stopReason: 'shutdown' });
  });

  test('cancels what runs and waits, and says what became of each run', async () => {
    const manager = new RunManager({ runner: new PipelineRunner({ graceMs: 10_000 }) });
    const { definition } = gated();
    const done = await manager.start(quick);
    await done.result;
    const running = await manager.start(definition, { threadId: 'a' });
    const waiting = await manager.start(quick, { threadId: 'a', strategy: 'enqueue' });
    const ignoring = await manager.start(work(() => sleep(400)));
    await sleep(10);
    const started = performance.now();
    const report = await manager.close({ timeoutMs: 100 });
    expect(performance.now() - started).toBeLessThan(600);
    expect(report).toEqual({
      ended: [],
      cancelled: [running.id, waiting.id],
      abandoned: [ignoring.id],
      unpersisted: [],
    });
    expect(done.record.status).toBe('success');
    for (const { record } of [running, waiting, ignoring]) {
      expect(record).toMatchObject({ status: 'interrupted', stopReason: 'shutdown' });
    }
    expect(await failureOf(manager.start(quick))).toMatchObject({ code: 'MANAGER_CLOSED' });
    expect(await failureOf(manager.get(done.id))).toMatchObject({ code: 'MANAGER_CLOSED' });
    expect(await manager.close()).toBe(report);
  });

  test('a start that is being stored meanwhile is cancelled too', async () => {
    const manager = new RunManager();
    const { definition, seen } = gated();
    const starting = manager.start(definition);
    const report = await manager.close();
    expect(report.cancelled).toEqual([(await starting).id]);
    expect(seen.through).toBe(0);
  });
});
