import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PipelineRunner } from 'heirline';
import { RecordingObserver } from 'heirline/testing';
import { pairEvents } from '../integration/support/event-pairs.js';
import { delay, KeptLetters, nextTurn, outcomeOf } from '../integration/support/harness.js';
import { pipelineOf, specs } from './support/random-pipeline.js';

/** Each call by its number: at once, or after a turn; those of the given numbers ignore every signal for a while. */
function hangingAt(numbers: ReadonlySet<number>, hangMs: number): () => Promise<void> | undefined {
  let calls = 0;
  return () => {
    calls += 1;
    if (numbers.has(calls)) return delay(hangMs);
    return calls % 3 === 0 ? nextTurn() : undefined;
  };
}

const GRACE_MS = 5;
const HANG_MS = 25;

describe('the events of any graph', () => {
  test('pair up, and none comes after the promise of the run has settled, however it ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        specs(['skip', 'deadLetter', 'retry', 'retryThenSkip', 'fail']),
        fc.integer({ min: 0, max: 40 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 4 }),
        async (spec, moment, hanging) => {
          const observer = new RecordingObserver();
          const controller = new AbortController();
          let calls = 0;
          const take = (): void => {
            calls += 1;
            if (calls === moment) controller.abort();
          };
          if (moment === 0) controller.abort();
          const runner = new PipelineRunner({
            executionObserver: observer,
            deadLetterSink: new KeptLetters(),
            graceMs: GRACE_MS,
          });

          const pause = hangingAt(new Set(hanging), HANG_MS);
          const { code } = await outcomeOf(
            runner.run(pipelineOf(spec, { pause, outputs: [], enter: take, take }), {
              signal: controller.signal,
            }),
          );

          const told = [...observer.events];
          expect(pairEvents(told).unpaired).toEqual([]);
          expect(told[0]).toMatchObject({ type: 'pipelineStarted', path: 'root' });
          const end = code === 'none' ? 'pipelineCompleted' : 'pipelineFailed';
          expect(told.at(-1)).toMatchObject({ type: end, path: 'root' });
          if (hanging.length > 0) await delay(HANG_MS);
          for (let turn = 0; turn < 3; turn += 1) await nextTurn();
          expect(observer.events).toHaveLength(told.length);
        },
      ),
      { numRuns: 150 },
    );
  });
});
