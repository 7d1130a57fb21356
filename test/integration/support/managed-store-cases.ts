import { RunManager, type RunManagerOptions } from 'heirline';
import { describe, expect, it } from 'vitest';
import { startChild } from './child-process.js';
import { newManager, until } from './managed.js';
import { work } from './pipelines-by-name.js';
import type { SharedStore } from './store-processes.js';

const quick: RunManagerOptions = { leaseMs: 300, heartbeatMs: 100, sweepMs: 100, graceMs: 100 };

/** What must be true of managers whose runs outlive them. */
export function describeManaged(create: () => SharedStore | Promise<SharedStore>): void {
  describe('a manager', () => {
    it('finds the runs of an earlier one, newest first, with all that belongs to them', async () => {
      const { open } = await create();
      const earlier = new RunManager({ store: open(), definitions: work });
      const options = { threadId: 'thread', metadata: { user: 'ada' }, idempotencyKey: 'once' };
      const first = await earlier.start('short', { ...options, context: { parameters: { n: 7n } } });
      await first.result;
      const second = await earlier.start(work.short, { tenantId: 'tenant', followUpToRunId: first.id });
      await second.result;
      await earlier.close();

      const later = newManager({ store: open(), definitions: work });
      expect((await later.list({})).map(({ runId }) => runId)).toEqual([second.id, first.id]);
      expect(await later.get(first.id)).toEqual(first.record);
      expect(await later.get(second.id)).toMatchObject({ followUpToRunId: first.id, status: 'success' });
      expect(await later.session('thread')).toEqual({ given: 7n, at: new Map([[1, new Date(5)]]) });
      expect((await later.start('short', options)).id).toBe(first.id);
      const types: string[] = [];
      for await (const event of later.events(first.id)) types.push(event.type);
      expect([types[0], types.at(-1)]).toEqual(['runStarted', 'runEnded']);
      expect(await later.forTenant('tenant').list({})).toHaveLength(1);
    });

    it('cancels a run that another one executes, and refuses a second run of its thread', async () => {
      const { open } = await create();
      // A lease that a busy machine does not outlast.
      const [owner, other] = [open(), open()].map((store) =>
        newManager({ ...quick, leaseMs: 10_000, store, definitions: work }),
      );
      if (owner === undefined || other === undefined) return;
      const run = await owner.start('endless', { threadId: 'thread' });
      const ended = expect(run.result).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
      await expect(other.start('short', { threadId: 'thread' })).rejects.toMatchObject({
        code: 'RUN_CONFLICT',
      });
      expect(await other.cancel(run.id)).toBe('requested');
      expect(await other.wait(run.id)).toMatchObject({ status: 'interrupted', stopReason: 'user' });
      await ended;
    });

    it('recovers the run of a process that was killed, and goes on with what waited behind', async () => {
      const { store, open } = await create();
      await killManager(store);
      const killedAt = performance.now();

      const manager = newManager({ ...quick, store: open(), definitions: work });
      const [waiting, running] = await manager.list({ threadId: 'thread' });
      expect([running?.status, waiting?.status]).toEqual(['running', 'pending']);
      expect(await manager.wait(running?.runId ?? '')).toMatchObject({
        status: 'error',
        stopReason: 'orphan_recovered',
      });
      // Lease, grace and sweep are half a second; the rest is for a machine that is busy.
      expect(performance.now() - killedAt).toBeLessThan(10_000);
      expect(await manager.wait(waiting?.runId ?? '')).toMatchObject({ status: 'success' });
      expect(await manager.session('thread')).toMatchObject({ given: 7n });
    }, 30_000);

    it('takes over what it cancels where the owner was killed, before any sweep', async () => {
      const { store, open } = await create();
      await killManager(store);
      const manager = newManager({ ...quick, sweepMs: 60_000, store: open() });
      const [waiting, running] = await manager.list({ threadId: 'thread' });
      for (const { runId = '' } of [running ?? {}, waiting ?? {}]) {
        // Until the lease and its grace are over the owner may live.
        let outcome = '';
        await until(async () => (outcome = await manager.cancel(runId)) !== 'requested', 'the owner is dead');
        expect(outcome).toBe('taken_over');
        expect(await manager.wait(runId)).toMatchObject({ status: 'interrupted', stopReason: 'user' });
      }
    }, 30_000);
  });
}

/** Has a process begin a run, with one that waits behind, and kills it. */
async function killManager(store: SharedStore['store']): Promise<void> {
  const child = startChild('./manager-process.ts', [JSON.stringify(store)]);
  await child.line();
  child.process.kill('SIGKILL');
  await child.ended;
}
