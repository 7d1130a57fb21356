import { MemoryRunStore, type PipelineContext } from 'heirline';
import { describe, expect, it } from 'vitest';
import { gated, newManager, work } from './support/managed.js';
import { clientOf, problemOf, type ClientRun } from './support/served.js';

describe('runs over HTTP', () => {
  it('are started by name, waited for and read, with times as ISO 8601', async () => {
    const seen: unknown[] = [];
    const Greet = work(({ parameters, properties }: PipelineContext) => {
      seen.push(parameters.require('name'), properties.require('unit'));
    }, 'Greet');
    const client = clientOf(newManager({ definitions: { greet: Greet } }));

    const started = await client.post('/runs', {
      definition: 'greet',
      threadId: 'thread-1',
      metadata: { asked: 'by phone' },
      context: { parameters: { name: 'Ada' }, properties: { unit: 'kg' } },
    });

    expect(started.status).toBe(201);
    const record = (await started.json()) as ClientRun;
    expect(started.headers.get('location')).toBe(`/runs/${record.runId}`);
    expect(record).toMatchObject({
      definition: 'greet',
      pipelineName: 'Greet',
      threadId: 'thread-1',
      strategy: 'reject',
      onDisconnect: 'continue',
      metadata: { asked: 'by phone' },
    });

    const ended = await client.wait(record.runId);
    expect(ended.status).toBe('success');
    expect(ended.createdAt).toMatch(/^\d{4}-.*Z$/);
    expect(ended.endedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(ended).not.toHaveProperty('leaseExpiresAt');
    expect(await (await client.get(`/runs/${record.runId}`)).json()).toEqual(ended);
    expect(seen).toEqual(['Ada', 'kg']);
  });

  it('are started once per idempotency key: a repeat is 200 with the same run', async () => {
    const client = clientOf(newManager({ definitions: { quick: work(() => undefined) } }));
    const start = (threadId: string) =>
      client.post('/runs', { definition: 'quick', threadId }, { headers: { 'idempotency-key': 'order 7' } });

    const first = await start('thread-1');
    const again = await start('thread-1');
    const elsewhere = await start('thread-2');

    expect([first.status, again.status, elsewhere.status]).toEqual([201, 200, 409]);
    const [one, other] = [(await first.json()) as ClientRun, (await again.json()) as ClientRun];
    expect(other.runId).toBe(one.runId);
    expect(again.headers.get('location')).toBe(`/runs/${one.runId}`);
    expect(await problemOf(elsewhere)).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  });

  it('are listed newest first, by page, thread and status', async () => {
    const { definition, open } = gated();
    const manager = newManager({ definitions: { quick: work(() => undefined), gated: definition } });
    const client = clientOf(manager);
    const ids: string[] = [];
    for (const threadId of ['a', 'b', 'a']) {
      const { runId } = await client.start({ definition: 'quick', threadId });
      await client.wait(runId);
      ids.unshift(runId);
    }
    const running = await client.start({ definition: 'gated', threadId: 'c' });
    const list = async (query: string) =>
      ((await (await client.get(`/runs${query}`)).json()) as { runs: ClientRun[] }).runs.map(
        ({ runId }) => runId,
      );

    expect(await list('')).toEqual([running.runId, ...ids]);
    expect(await list('?limit=2')).toEqual([running.runId, ids[0]]);
    expect(await list(`?before=${ids[0] ?? ''}`)).toEqual(ids.slice(1));
    expect(await list('?threadId=a')).toEqual([ids[0], ids[2]]);
    expect(await list('?status=running')).toEqual([running.runId]);
    expect(await list('?status=running&status=success&access_token=x')).toHaveLength(4);
    open();
  });

  it('are cancelled: the outcome, 409 once they have ended otherwise, 404 where there is none', async () => {
    const { definition } = gated();
    const client = clientOf(newManager({ definitions: { gated: definition, quick: work(() => undefined) } }));
    const running = await client.start({ definition: 'gated' });
    const ended = await client.start({ definition: 'quick' });
    await client.wait(ended.runId);

    const first = await client.post(`/runs/${running.runId}/cancel`, { reason: 'no longer needed' });
    const again = await client.post(`/runs/${running.runId}/cancel`);
    const late = await client.post(`/runs/${ended.runId}/cancel`, { action: 'interrupt' });
    const unknown = await client.post('/runs/nobody/cancel', {});

    expect([first.status, await first.json()]).toEqual([200, { outcome: 'cancelled' }]);
    expect([again.status, await again.json()]).toEqual([200, { outcome: 'cancelled' }]);
    expect(late.status).toBe(409);
    expect(await problemOf(late)).toMatchObject({ code: 'RUN_NOT_CANCELLABLE', outcome: 'not_cancellable' });
    expect(unknown.status).toBe(404);
    expect(await problemOf(unknown)).toMatchObject({ code: 'RUN_NOT_FOUND', outcome: 'unknown' });
    expect(await client.wait(running.runId)).toMatchObject({ status: 'interrupted', stopReason: 'user' });
  });

  it('exclude each other on a thread, as the strategy says', async () => {
    const { definition } = gated();
    const client = clientOf(newManager({ definitions: { gated: definition }, maxQueued: 1 }));
    const start = (strategy: string) =>
      client.post('/runs', { definition: 'gated', threadId: 't', strategy });
    const first = (await (await start('reject')).json()) as ClientRun;

    const refused = await start('reject');
    const queued = (await (await start('enqueue')).json()) as ClientRun;
    const tooMany = await start('enqueue');
    const winner = (await (await start('interrupt')).json()) as ClientRun;

    expect([refused.status, (await problemOf(refused)).code]).toEqual([409, 'RUN_CONFLICT']);
    expect([tooMany.status, (await problemOf(tooMany)).code]).toEqual([429, 'QUEUE_FULL']);
    for (const { runId } of [first, queued])
      expect(await client.wait(runId)).toMatchObject({ status: 'interrupted', stopReason: 'superseded' });
    expect(await (await client.get(`/runs/${winner.runId}/wait?timeoutMs=0`)).json()).toHaveProperty('runId');
  });

  it('are waited for no longer than asked, and leaving the wait is no disconnect', async () => {
    const { definition, open, seen } = gated();
    const client = clientOf(newManager({ definitions: { gated: definition } }));
    const { runId } = await client.start({ definition: 'gated', onDisconnect: 'cancel' });

    const soon = await client.get(`/runs/${runId}/wait?timeoutMs=5`);
    expect(await soon.json()).toMatchObject({ status: 'running' });

    const leaving = new AbortController();
    const waiting = client.get(`/runs/${runId}/wait`, { signal: leaving.signal });
    leaving.abort();
    await waiting;
    open();
    expect(await client.wait(runId)).toMatchObject({ status: 'success' });
    expect(seen).toEqual({ begun: 1, through: 1 });
  });

  it('show why they failed, without the stack', async () => {
    const Failing = work(() => {
      throw new TypeError('no such column', { cause: new Error('of the database') });
    });
    const client = clientOf(newManager({ definitions: { failing: Failing } }));
    const { runId } = await client.start({ definition: 'failing' });

    const { status, error } = await client.wait(runId);

    expect(status).toBe('error');
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'Work/step', cause: { name: 'TypeError' } });
    expect(JSON.stringify(error)).not.toContain('"stack"');
  });

  it('write a session that is read as JSON: dates, bigints, Maps, Sets and bytes have a form', async () => {
    const Write = work(({ run: { session } }: PipelineContext) => {
      session.set('turns', 2);
      session.set('at', new Date(0));
      session.set('sum', 2n ** 64n);
      session.set('map', new Map([['a', new Set([1])]]));
      session.set('bytes', new Uint8Array([104, 105]));
      session.set('holes', [undefined, Number.NaN]);
      session.set('gone', undefined);
    });
    const client = clientOf(newManager({ definitions: { write: Write } }));
    const { runId } = await client.start({ definition: 'write', threadId: 'thread/1 ü' });
    await client.wait(runId);

    const session = await client.get(`/threads/${encodeURIComponent('thread/1 ü')}/session`);

    expect(await session.json()).toEqual({
      turns: 2,
      at: '1970-01-01T00:00:00.000Z',
      sum: '18446744073709551616',
      map: [['a', [1]]],
      bytes: 'aGk=',
      holes: [null, null],
    });
    expect(await (await client.get('/threads/another/session')).json()).toEqual({});
  });

  it('are served below a base path, with a description that needs no authorisation', async () => {
    const store = new MemoryRunStore();
    const client = clientOf(newManager({ store, definitions: { quick: work(() => undefined) } }), {
      basePath: '/api/v1',
      authorise: () => new Response('who are you?', { status: 401 }),
    });

    const description = (await (await client.get('/api/v1/openapi.json')).json()) as {
      servers: unknown;
      paths: object;
    };

    expect(description.servers).toEqual([{ url: '/api/v1' }]);
    expect(Object.keys(description.paths)).toContain('/runs/{id}/events');
    expect((await client.get('/api/v1/runs')).status).toBe(401);
    for (const path of ['/runs', '/api/v1', '/api/v1x/runs', '/api/v1/runs/', '/openapi.json'])
      expect((await client.get(path)).status, path).toBe(404);
  });
});
