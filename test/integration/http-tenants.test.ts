import { runPipeline, type PipelineContext } from 'heirline';
import { createRunHandler, type RunRequestAction } from 'heirline/http';
import { describe, expect, it } from 'vitest';
import { gated, newManager, work } from './support/managed.js';
import { clientOfHandler, problemOf, type ClientRun } from './support/served.js';

/** A service whose requests name their tenant in a header, and nobody without one. */
function service() {
  const { definition, open } = gated();
  const seen: unknown[] = [];
  const look = work(({ run }: PipelineContext) => {
    seen.push([run.tenantId, run.principal, run.parentRunId]);
    run.session.set('of', run.tenantId ?? 'nobody');
  });
  const manager = newManager({ definitions: { gated: definition, look } });
  const actions: RunRequestAction[] = [];
  const handler = createRunHandler({
    manager,
    authorise: async ({ headers }, action) => {
      actions.push(action);
      const tenantId = headers.get('x-tenant') ?? undefined;
      return Promise.resolve({ tenantId, principal: { user: tenantId ?? 'guest' } });
    },
  });
  return { manager, handler, open, seen, actions, as: (tenant?: string) => clientOfHandler(handler, tenant) };
}

describe('whose runs a request sees is said by authorise alone', () => {
  it('which is asked once per request, with what it is about', async () => {
    const { as, actions } = service();
    const client = as('acme');
    const { runId } = await client.start({ definition: 'look', threadId: 't' });
    await client.wait(runId);
    await client.get(`/runs/${runId}`);
    await client.get('/runs');
    await client.post(`/runs/${runId}/cancel`);
    await (await client.get(`/runs/${runId}/events`)).text();
    await client.get('/threads/t/session');
    await client.get('/openapi.json');
    await client.get('/nowhere');
    await client.get('/runs', { method: 'DELETE' });

    expect(actions).toEqual(['start', 'wait', 'get', 'list', 'cancel', 'events', 'session']);
  });

  it.for([
    { owner: 'acme', stranger: 'globex' },
    { owner: 'acme', stranger: undefined },
    { owner: undefined, stranger: 'acme' },
  ])('a run of $owner is not there for $stranger', async ({ owner, stranger }) => {
    const { as, manager, open } = service();
    const mine = as(owner);
    const other = as(stranger);
    const { runId } = await mine.start({ definition: 'gated', threadId: 't' });

    for (const path of ['', '/wait', '/events']) {
      const response = await other.get(`/runs/${runId}${path}`);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await problemOf(response)).toMatchObject({ code: 'RUN_NOT_FOUND' });
    }
    const cancel = await other.post(`/runs/${runId}/cancel`, { action: 'rollback' });
    expect([cancel.status, (await problemOf(cancel)).outcome]).toEqual([404, 'unknown']);
    expect(await (await other.get('/runs')).json()).toEqual({ runs: [] });
    expect((await other.get(`/runs?before=${runId}`)).status).toBe(404);

    const record = await manager.get(runId);
    expect([record?.status, record?.tenantId]).toEqual(['running', owner]);
    expect(await (await mine.get('/runs')).json()).toMatchObject({ runs: [{ runId }] });
    open();
    expect(await mine.wait(runId)).toMatchObject({ status: 'success' });
  });

  it('threads, idempotency keys and sessions of one name are different things for each', async () => {
    const { as, open } = service();
    const runs: ClientRun[] = [];
    for (const tenant of ['acme', 'globex', undefined]) {
      const started = await as(tenant).post(
        '/runs',
        { definition: 'gated', threadId: 't' },
        { headers: { 'idempotency-key': 'one' } },
      );
      expect(started.status).toBe(201);
      runs.push((await started.json()) as ClientRun);
    }
    expect(new Set(runs.map(({ runId }) => runId)).size).toBe(3);
    open();

    for (const tenant of ['acme', 'globex', undefined]) {
      const client = as(tenant);
      const { runId } = await client.start({ definition: 'look', threadId: 's' });
      await client.wait(runId);
      expect(await (await client.get('/threads/s/session')).json()).toEqual({ of: tenant ?? 'nobody' });
    }
  });

  it('and never by where the service was started: inside a run of a tenant, a request is still its own', async () => {
    const { as, seen } = service();
    const outer = work(async () => {
      for (const tenant of [undefined, 'acme']) {
        const { runId } = await as(tenant).start({ definition: 'look' });
        await as(tenant).wait(runId);
      }
    }, 'Outer');

    await runPipeline(outer, { run: { tenantId: 'the host', principal: { user: 'root' } } });

    expect(seen).toEqual([
      [undefined, { user: 'guest' }, undefined],
      ['acme', { user: 'acme' }, undefined],
    ]);
  });

  it('an answer of its own refuses the request as it is', async () => {
    const handler = createRunHandler({
      manager: newManager(),
      authorise: () =>
        new Response('who are you?', { status: 401, headers: { 'www-authenticate': 'Bearer' } }),
    });
    const response = await clientOfHandler(handler).get('/runs');
    expect([response.status, response.headers.get('www-authenticate'), await response.text()]).toEqual([
      401,
      'Bearer',
      'who are you?',
    ]);
  });
});
