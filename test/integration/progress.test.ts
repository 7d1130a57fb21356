import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { PipelineRunner, type ExecutionObserver, type Progress } from 'heirline';
import { ManualClock } from 'heirline/testing';
import { definePipeline, outcomeOf, range } from './support/harness.js';

const keptIn = (events: Progress[]): ExecutionObserver => ({ progress: (event) => void events.push(event) });

/** The last progress of a run that gives some items to a sink. */
async function lastOf(...sources: readonly Iterable<number>[]): Promise<Progress | undefined> {
  const events: Progress[] = [];
  const pipeline = definePipeline('root', (builder) => {
    for (const [at, items] of sources.entries())
      builder.addSink(() => undefined, {
        name: `sink${String(at)}`,
        from: builder.addSource(items, `source${String(at)}`),
      });
  });
  await new PipelineRunner({ executionObserver: keptIn(events) }).run(pipeline);
  expect(events).toHaveLength(1);
  return events[0];
}

function* three(): Generator<number> {
  yield* [1, 2, 3];
}

describe('progress', () => {
  test('has a total where every source knows how many items it gives', async () => {
    expect(await lastOf([1, 2, 3])).toMatchObject({ path: 'root', done: 3, total: 3, isLast: true });
    expect(await lastOf([1, 2, 3], new Set([4, 5]))).toMatchObject({ done: 5, total: 5 });
    expect(await lastOf([1, 2, 3], three())).toMatchObject({ done: 6, total: undefined });
    expect(await lastOf(three())).toMatchObject({ done: 3, remainingMs: undefined });
  });

  test('raises a total that a source passes', async () => {
    const more = { length: 2, [Symbol.iterator]: three };

    expect(await lastOf(more)).toMatchObject({ done: 3, total: 3 });
  });

  test('comes every 250 ms on the clock of the runner, with the rate and the time that remains', async () => {
    const clock = new ManualClock();
    const startsAt = clock.now();
    const events: Progress[] = [];
    const pipeline = definePipeline('root', (builder) => {
      const wait = (): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, 90));
      builder.addSink(wait, { name: 'sink', from: builder.addSource(range(1, 10), 'numbers') });
    });
    const run = new PipelineRunner({ executionObserver: keptIn(events), clock }).run(pipeline);
    await turn();
    await clock.advance(1000);
    await run;

    expect(events.map(({ done, isLast }) => [done, isLast])).toEqual([
      [2, false],
      [5, false],
      [8, false],
      [10, true],
    ]);
    expect(events[0]).toMatchObject({ total: 10, perSecond: 8, remainingMs: 1000 });
    expect(events.at(-1)).toMatchObject({ total: 10, remainingMs: 0, at: startsAt + 900 });
  });

  test('is told once more where the run fails', async () => {
    const events: Progress[] = [];
    const pipeline = definePipeline('root', (builder) => {
      const fail = (): never => {
        throw new Error('no');
      };
      builder.addSink(fail, { name: 'sink', from: builder.addSource([1, 2], 'numbers') });
    });
    await outcomeOf(new PipelineRunner({ executionObserver: keptIn(events) }).run(pipeline));

    expect(events).toMatchObject([{ done: 1, total: 2, isLast: true }]);
  });
});
