import { describe, expect, test } from 'vitest';
import { errorPolicy, PipelineBuilder, runPipeline, type TapOptions } from 'heirline';
import { ManualClock, RecordingObserver, testPipeline } from 'heirline/testing';
import {
  aborted,
  codesOf,
  countsAt,
  definePipeline,
  errorOf,
  expectBalanced,
  nextTurn,
  range,
  rejectionOf,
} from './support/harness.js';

/** Looks at 1, 2 and 3, and fails at 2. */
function tapping(options: TapOptions, isLate = false) {
  const seen: number[] = [];
  const left: number[] = [];
  const Root = definePipeline('root', (builder) => {
    const tap = builder.addTap(
      (item: number) => {
        const look = (): void => {
          if (item === 2) throw new RangeError('two');
          seen.push(item);
        };
        if (isLate) return nextTurn().then(look);
        look();
        return undefined;
      },
      { name: 'tap', from: builder.addSource(range(1, 3), 'source'), ...options },
    );
    builder.addSink((item) => left.push(item), { name: 'sink', from: tap });
  });
  return { seen, left, Root };
}

describe.for([false, true])('a tap, whose function is asynchronous: %s', (isLate) => {
  test('passes on the very items that it has looked at', async () => {
    const item = { id: 1 };
    const left: object[] = [];
    await runPipeline(
      definePipeline('root', (builder) => {
        const tap = builder.addTap(() => (isLate ? nextTurn() : undefined), {
          from: builder.addSource([item]),
        });
        builder.addSink((each) => left.push(each), { from: tap });
      }),
    );

    expect(left[0]).toBe(item);
  });

  test('fails by what its function throws', async () => {
    const { Root } = tapping({}, isLate);

    expect(await rejectionOf(runPipeline(Root))).toMatchObject({ code: 'NODE_FAILED', path: 'root/tap' });
  });

  test('has its policy decide about it', async () => {
    const { Root, left } = tapping({ errorPolicy: errorPolicy('skip') }, isLate);
    const result = await runPipeline(Root);

    expect(left).toEqual([1, 3]);
    expect(countsAt(result, 'root/tap')).toMatchObject({ in: 3, out: 2, filtered: 1, ignored: 0 });
  });

  test("passes the item on with onError: 'ignore', and tells observers", async () => {
    const { Root, left, seen } = tapping({ onError: 'ignore' }, isLate);
    const observer = new RecordingObserver();
    const result = await runPipeline(Root, { executionObserver: observer });

    expect([seen, left]).toEqual([
      [1, 3],
      [1, 2, 3],
    ]);
    expect(countsAt(result, 'root/tap')).toMatchObject({ in: 3, out: 3, emitted: 3, ignored: 1, failed: 0 });
    expect(observer.events.filter(({ type }) => type === 'itemFailed')).toMatchObject([
      { path: 'root/tap', attempt: 1, error: { code: 'NODE_FAILED', cause: { name: 'RangeError' } } },
    ]);
    expectBalanced(result);
  });
});

describe('a tap', () => {
  test('has a limit, which it can ignore too', async () => {
    const clock = new ManualClock();
    const Root = definePipeline('root', (builder) => {
      const tap = builder.addTap((_, { signal }) => aborted(signal), {
        name: 'tap',
        from: builder.addSource([1]),
        timeoutMs: 100,
        onError: 'ignore',
      });
      builder.addSink(() => undefined, { from: tap });
    });
    const run = testPipeline(Root).withClock(clock).run();
    await clock.advance(100);

    expect(countsAt((await run).result as never, 'root/tap')).toMatchObject({ out: 1, ignored: 1 });
  });

  test('works on several items at once', async () => {
    let [busy, most] = [0, 0];
    await runPipeline(
      definePipeline('root', (builder) => {
        const tap = builder.addTap(
          async () => {
            most = Math.max(most, (busy += 1));
            await nextTurn();
            busy -= 1;
          },
          { from: builder.addSource(range(1, 10)), concurrency: 4 },
        );
        builder.addSink(() => undefined, { from: tap });
      }),
    );

    expect(most).toBe(4);
  });

  test('refuses what is no function, and a policy for errors that it ignores', () => {
    const error = errorOf(() => {
      const builder = new PipelineBuilder();
      const from = builder.addSource([1]);
      builder.addSink(() => undefined, { from: builder.addTap(7 as never, { name: 'seven', from }) });
      const tap = builder.addTap(() => 1, { name: 'both', from, onError: 'ignore', errorPolicy: 'skip' });
      builder.addSink(() => undefined, { from: tap });
      builder.build();
    });

    expect(codesOf(error)).toEqual(['OPTION_INVALID', 'OPTION_INVALID']);
  });
});
