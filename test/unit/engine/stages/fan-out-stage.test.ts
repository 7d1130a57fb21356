import { describe, expect, test } from 'vitest';
import { allEnded, FanOutStage } from '../../../../src/engine/stages/fan-out-stage.js';
import { deferred, execution, RecordingStage, settled } from '../../support/executions.js';
import { TracedRun } from '../../support/traces.js';

describe('a fan-out', () => {
  test('gives every item to every branch, and waits for the slowest', async () => {
    const a = deferred();
    const [quick, slow] = [new RecordingStage(), new RecordingStage({ a })];
    const pushed = new FanOutStage([slow, quick]).push(execution(), 'a', undefined);
    let isDone = false;
    void pushed?.then(() => {
      isDone = true;
    });
    await settled();
    expect([quick.log, slow.log, isDone]).toEqual([['a'], ['a'], false]);
    a.resolve();
    await pushed;
    await settled();

    expect(isDone).toBe(true);
  });

  test('makes no promise where no branch does', () => {
    const branches = [new RecordingStage(), new RecordingStage()];
    const fanOut = new FanOutStage(branches);

    expect(fanOut.push(execution(), 'a', undefined)).toBeUndefined();
    expect(fanOut.end(execution())).toBeUndefined();
    expect(branches.map(({ log }) => log)).toEqual([
      ['a', 'end'],
      ['a', 'end'],
    ]);
  });

  test('splits the trace of the item: it ends when every branch has', () => {
    const run = new TracedRun();
    const branches = [new RecordingStage(), new RecordingStage(), new RecordingStage()];
    void new FanOutStage(branches).push(execution(), 'a', run.follow());

    const traces = branches.flatMap((branch) => branch.traces);
    expect(new Set(traces).size).toBe(3);
    for (const [at, records] of [0, 0, 1].entries()) {
      const trace = traces[at];
      if (trace !== undefined) run.end(trace, 'emitted');
      expect(run.sink.records).toHaveLength(records);
    }
  });

  test('is closed only when every branch is', () => {
    const branches = [new RecordingStage(), new RecordingStage()] as const;
    const fanOut = new FanOutStage(branches);
    branches[0].closed = true;
    expect(fanOut.isClosed(execution())).toBe(false);
    branches[1].closed = true;

    expect(fanOut.isClosed(execution())).toBe(true);
  });
});

test('pieces of work that go on side by side are waited for together', async () => {
  const [a, b] = [deferred(), deferred()];

  expect(allEnded([undefined, undefined])).toBeUndefined();
  expect(allEnded([undefined, a.promise])).toBe(a.promise);
  const both = allEnded([a.promise, undefined, b.promise]);
  let isDone = false;
  void both?.then(() => {
    isDone = true;
  });
  a.resolve();
  await settled();
  expect(isDone).toBe(false);
  b.resolve();
  await both;
});
