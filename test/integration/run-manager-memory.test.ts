import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteRunStore } from 'heirline/sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { heapInUse } from './support/garbage.js';
import { newManager, work } from './support/managed.js';

const quick = work(({ run }) => run.session.set('n', 1), 'Quick');

test.each([
  { store: 'memory', runs: 10_000 },
  { store: 'SQLite', runs: 2000 },
])(
  '$runs runs over a store in $store leave no more in memory than a tenth of them',
  async ({ store, runs }) => {
    const folder = mkdtempSync(join(tmpdir(), 'heirline-memory-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    const manager = newManager(
      store === 'memory' ? { memoryCap: 500 } : { store: sqliteRunStore({ path: join(folder, 'runs.db') }) },
    );
    const run = async (count: number): Promise<number> => {
      for (let n = 0; n < count; n += 1) {
        // Ids, metadata and keys of their own, as in a service: what is kept of a run would show.
        const options = {
          threadId: String(n % 7),
          metadata: { text: `run ${String(n)} `.repeat(20) },
          idempotencyKey: `${String(count)} ${String(n)}`,
        };
        await (
          await manager.start(quick, options)
        ).result;
      }
      return heapInUse();
    };
    const early = await run(runs / 10);
    expect((await run(runs - runs / 10)) - early).toBeLessThan(1.5);
  },
  60_000,
);
