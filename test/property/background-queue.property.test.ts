import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BackgroundQueue, currentContext, PipelineError, withContext } from 'heirline';
import { nextTurn } from '../integration/support/harness.js';

/** What a worker does with an item: how many turns it takes, and how it ends. */
interface Task {
  readonly turns: number;
  readonly end: 'returns' | 'throws';
  readonly handler: 'returns' | 'throws';
  /** Whether the item is enqueued in a context, which then carries its id. */
  readonly hasContext: boolean;
}

const outcome = fc.constantFrom('returns', 'throws');
const task: fc.Arbitrary<Task> = fc.record({
  turns: fc.nat(3),
  end: outcome,
  handler: outcome,
  hasContext: fc.boolean(),
});
const step = fc.oneof(
  { weight: 6, arbitrary: task },
  { weight: 3, arbitrary: fc.constant('turn' as const) },
  { weight: 1, arbitrary: fc.constant('close' as const) },
);

test('each item that a queue accepts is worked on exactly once, in its own context, or is among the remaining', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.option(fc.nat(2), { nil: undefined }),
      async (steps, concurrency, capacity, timeoutMs) => {
        const accepted: number[] = [];
        const begun: number[] = [];
        const ended: number[] = [];
        const handled: number[] = [];
        const wrong: unknown[] = [];
        const look = (id: number, { hasContext }: Task): void => {
          const found = currentContext()?.run.correlationId;
          if (found !== (hasContext ? String(id) : undefined)) wrong.push([id, found]);
          if (begun.length - ended.length > concurrency) wrong.push('too many at once');
        };
        const queue = new BackgroundQueue<{ readonly id: number; readonly task: Task }>({
          concurrency,
          capacity,
          worker: async ({ id, task: given }) => {
            begun.push(id);
            for (let turn = 0; turn < given.turns; turn += 1) {
              look(id, given);
              await nextTurn();
            }
            look(id, given);
            if (given.end === 'throws') throw new RangeError(String(id));
            ended.push(id);
          },
          onError: async (error, { id, task: given }) => {
            if (!(error instanceof RangeError) || error.message !== String(id)) wrong.push(error);
            look(id, given);
            await nextTurn();
            look(id, given);
            handled.push(id);
            ended.push(id);
            if (given.handler === 'throws') throw new Error('the handler failed');
          },
        });
        const warn = process.emitWarning;
        process.emitWarning = () => undefined;
        try {
          let closing: ReturnType<typeof queue.close> | undefined;
          let endedBefore = 0;
          let endedAtEnd: readonly number[] = [];
          const close = () => {
            if (closing !== undefined) return;
            endedBefore = ended.length;
            closing = queue.close({ timeoutMs });
            void closing.then(() => {
              endedAtEnd = [...ended];
            });
          };
          for (const [id, next] of steps.entries()) {
            if (next === 'turn') await nextTurn();
            else if (next === 'close') close();
            else {
              const enqueue = () => queue.enqueue({ id, task: next });
              const waiting = accepted.length - ended.length;
              try {
                await (next.hasContext
                  ? withContext({ run: { correlationId: String(id) } }, enqueue)
                  : enqueue());
                accepted.push(id);
              } catch (error) {
                const code = error instanceof PipelineError && error.code;
                const fits = closing === undefined ? code === 'QUEUE_FULL' : code === 'QUEUE_CLOSED';
                if (!fits || (code === 'QUEUE_FULL' && waiting < capacity)) wrong.push(error);
              }
            }
          }
          close();
          const { drained, remaining } = await (closing ?? queue.close());
          const left = remaining.map(({ id }) => id);
          for (let turn = 0; turn < 20; turn += 1) await nextTurn();

          expect(wrong).toEqual([]);
          expect(begun).toEqual(accepted.slice(0, begun.length));
          expect(accepted.filter((id) => !left.includes(id)).sort()).toEqual([...endedAtEnd].sort());
          expect(left).toEqual(accepted.filter((id) => left.includes(id)));
          // What ended just before close may not have been noticed then.
          const endedSince = endedAtEnd.length - endedBefore;
          expect(drained).toBeGreaterThanOrEqual(endedSince);
          expect(drained).toBeLessThanOrEqual(Math.min(endedSince + concurrency, endedAtEnd.length));
          expect([...ended].sort()).toEqual([...begun].sort());
          expect(left).toEqual(expect.arrayContaining(accepted.slice(begun.length)));
          if (timeoutMs === undefined) expect([begun, left]).toEqual([accepted, []]);
        } finally {
          process.emitWarning = warn;
        }
      },
    ),
    { numRuns: 300 },
  );
});
