import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { MemoryRunStore, RunManager, type RunHandle, type RunStore } from 'heirline';
import { sqliteRunStore } from 'heirline/sqlite';
import { aborted } from '../integration/support/harness.js';
import { collect, failureOf, until, work } from '../integration/support/managed.js';
import {
  ModelThread,
  type ModelRun,
  type ModelStrategy,
  type ModelWork,
} from './support/run-thread-model.js';

const strategy = fc.constantFrom<ModelStrategy[]>('reject', 'enqueue', 'interrupt', 'rollback');
const modelWork = fc.constantFrom<ModelWork[]>('quick', 'fails', 'waits', 'waits');
const thread = fc.constantFrom(0, 0, 0, 1, 2);
/** Queues have time to fill up, since most starts of a program wait. */
const mostlyQueued = fc.oneof(
  { weight: 3, arbitrary: fc.constant<ModelStrategy>('enqueue') },
  { weight: 2, arbitrary: strategy },
);
const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('start' as const),
      thread,
      strategy: mostlyQueued,
      work: modelWork,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), run: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), thread }) },
);

const MOST_QUEUED = 2;

/** A thread of the manager beside that of the model: how its runs are let go, and how many run at once. */
class RealThread {
  running = 0;
  mostAtOnce = 0;
  #release: () => void = () => undefined;

  definition(kind: ModelWork): ReturnType<typeof work> {
    return work(async ({ run, signal }) => {
      this.running += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
      try {
        run.session.set('successes', Number(run.session.get('successes') ?? 0) + 1);
        if (kind === 'fails') throw new Error('no');
        if (kind === 'quick') return;
        await Promise.race([new Promise<void>((resolve) => (this.#release = resolve)), aborted(signal)]);
        signal.throwIfAborted();
      } finally {
        this.running -= 1;
      }
    });
  }

  release(): void {
    this.#release();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'heirline-property-'));
let files = 0;

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Each program has a store of its own; one over a file takes longer, so that fewer programs are tried. */
interface StoreKind {
  readonly name: string;
  readonly open: () => RunStore;
  readonly programs: number;
  readonly storms: number;
}
const kinds: readonly StoreKind[] = [
  { name: 'memory', open: () => new MemoryRunStore({ cap: 10_000 }), programs: 150, storms: 15 },
  {
    name: 'SQLite',
    open: () => sqliteRunStore({ path: join(folder, `${String((files += 1))}.db`) }),
    programs: 25,
    storms: 3,
  },
];

describe.each(kinds)('over $name', ({ open, programs, storms }) => {
  test('whatever is started, cancelled and let go, each run is where the rules say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40, size: 'max' }), async (commands) => {
        const manager = new RunManager({ store: open(), maxQueued: MOST_QUEUED });
        const threads = [0, 1, 2].map(() => ({
          model: new ModelThread(MOST_QUEUED),
          real: new RealThread(),
        }));
        const started: { model: ModelRun; of: ModelThread; handle: RunHandle }[] = [];
        const isAsTheRulesSay = (): boolean =>
          started.every(
            ({ model, handle: { record } }) =>
              record.status === model.status && record.stopReason === model.stopReason,
          );
        for (const each of commands) {
          if (each.do === 'start') {
            const { model, real } = threads[each.thread] ?? {
              model: new ModelThread(0),
              real: new RealThread(),
            };
            const expected = model.start(each.strategy, each.work);
            const options = { threadId: String(each.thread), strategy: each.strategy };
            const starting = manager.start(real.definition(each.work), options);
            if (typeof expected === 'string')
              expect(await failureOf(starting)).toMatchObject({ code: expected });
            else started.push({ model: expected, of: model, handle: await starting });
          } else if (each.do === 'cancel') {
            const found = started[each.run % Math.max(1, started.length)];
            if (found !== undefined) expect(await found.handle.cancel()).toBe(found.of.cancel(found.model));
          } else {
            threads[each.thread]?.model.release();
            threads[each.thread]?.real.release();
          }
          await until(isAsTheRulesSay, 'every run as the rules say');
        }
        for (const { handle, model } of started)
          if (!['pending', 'running'].includes(model.status)) await handle.result.catch(() => undefined);
        for (const [index, { model, real }] of threads.entries()) {
          expect(real.mostAtOnce).toBeLessThanOrEqual(1);
          const stored = await manager.list({ threadId: String(index) });
          expect(stored.map(({ status }) => status).reverse()).toEqual(
            model.runs.map(({ status }) => status),
          );
          const session = await manager.session(String(index));
          expect(Number(session['successes'] ?? 0)).toBe(model.successes);
        }
        await manager.close();
      }),
      { numRuns: programs },
    );
  }, 120_000);

  test('50 threads at once: no two runs of one at a time, each run ends once, as its log and its session say', async () => {
    const action = fc.record({
      thread: fc.nat(49),
      strategy,
      work: fc.constantFrom<ModelWork[]>('quick', 'fails'),
      cancelAfterMs: fc.option(fc.nat(3), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 100, maxLength: 250 }), async (actions) => {
        const manager = new RunManager({ store: open() });
        const threads = Array.from({ length: 50 }, () => new RealThread());
        const handles: RunHandle[] = [];
        await Promise.all(
          actions.map(async (each, index) => {
            await sleep(index % 3);
            const options = { threadId: String(each.thread), strategy: each.strategy };
            const real = threads[each.thread] ?? new RealThread();
            const handle = await manager
              .start(real.definition(each.work), options)
              .catch((error: unknown) => {
                expect(error).toMatchObject({ code: 'RUN_CONFLICT' });
              });
            if (handle === undefined) return;
            handles.push(handle);
            if (each.cancelAfterMs === undefined) return;
            await sleep(each.cancelAfterMs);
            const outcome = await handle.cancel();
            const { status } = await manager.wait(handle.id);
            expect(outcome).toBe(status === 'interrupted' ? 'cancelled' : 'not_cancellable');
          }),
        );
        const successes = new Map<string | undefined, number>();
        for (const handle of handles) {
          const record = await manager.wait(handle.id);
          expect(handle.record).toEqual(record);
          const events = await collect(handle.events());
          expect(events.map((event) => ('seq' in event ? event.seq : 'gap'))).toEqual(
            Array.from({ length: events.length }, (_, index) => index + 1),
          );
          expect(events.filter(({ type }) => type === 'runEnded')).toEqual([events.at(-1)]);
          expect(events.at(-1)).toMatchObject({ status: record.status, at: record.endedAt });
          if (record.status === 'success')
            successes.set(record.threadId, (successes.get(record.threadId) ?? 0) + 1);
        }
        for (const [index, { mostAtOnce }] of threads.entries()) {
          expect(mostAtOnce).toBeLessThanOrEqual(1);
          const session = await manager.session(String(index));
          expect(session['successes'] ?? 0).toBe(successes.get(String(index)) ?? 0);
          expect(await manager.hasActive(String(index))).toBe(false);
        }
        await manager.close();
      }),
      { numRuns: storms },
    );
  }, 120_000);
});
