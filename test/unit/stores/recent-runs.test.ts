import { describe, expect, it } from 'vitest';
import type { RunStatus } from '../../../src/runs/run-status.js';
import { RecentRuns } from '../../../src/stores/recent-runs.js';
import type { StoredRun } from '../../../src/stores/run-row.js';

function run(runId: string, status: RunStatus = 'running', revision = 1): StoredRun {
  const record = {
    runId,
    pipelineName: 'Sample',
    status,
    strategy: 'reject',
    onDisconnect: 'continue',
    metadata: {},
    ownerId: 'owner',
    createdAt: 1,
    cost: [],
    counts: {},
  } as const;
  return { record, token: 'token', revision };
}

describe('the runs that were seen last', () => {
  it('are remembered in their latest state, until they have ended', () => {
    const recent = new RecentRuns();
    recent.keep(run('a'));
    recent.keep(run('a', 'running', 2));
    expect(recent.get('a')?.revision).toBe(2);
    recent.keep(run('a', 'success', 3));
    expect(recent.get('a')).toBeUndefined();
  });

  it('are a thousand, those that were seen first forgotten first', () => {
    const recent = new RecentRuns();
    for (let index = 0; index < 1001; index += 1) {
      recent.keep(run(String(index)));
      recent.keep(run('0'));
    }
    expect([recent.get('0'), recent.get('1'), recent.get('2')].map((each) => each?.record.runId)).toEqual([
      '0',
      undefined,
      '2',
    ]);
  });
});
