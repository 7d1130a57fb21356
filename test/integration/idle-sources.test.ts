import { describe, expect, test } from 'vitest';
import { buildPipeline, PipelineRunner, runPipeline, type Items, type PipelineContext } from 'heirline';
import { ManualClock } from 'heirline/testing';
import {
  aborted,
  codesOf,
  countsAt,
  definePipeline,
  delay,
  errorOf,
  expectBalanced,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
} from './support/harness.js';
import { rootAround } from './support/small-graphs.js';

type Open = (context: PipelineContext) => Items<number> | Promise<Items<number>>;

const never = new Promise<never>(() => undefined);

/** A root pipeline over one source, which may be silent so long. */
function watching(
  source: Open | Items<number>,
  idleTimeoutMs: number,
  work: (item: number) => unknown = () => undefined,
) {
  return definePipeline('root', (builder) => {
    builder.connect(
      builder.addSource(source, { name: 'source', idleTimeoutMs }),
      builder.addSink(work, 'sink'),
    );
  });
}

/** Gives a few items, then waits for its signal. */
const falls = (items: readonly number[]): Open =>
  async function* ({ signal }) {
    yield* items;
    await aborted(signal);
  };

const silent: readonly (readonly [string, Open | Items<number>, number])[] = [
  ['the first item of an async generator', falls([]), 0],
  ['a later item of it', falls([1, 2]), 2],
  ['what open gives', () => never, 0],
  ['a promise in a list', [1, never as unknown as number], 1],
  [
    'a promise that a generator gives',
    function* () {
      yield 1;
      yield never as unknown as number;
    },
    1,
  ],
];

describe('a source with idleTimeoutMs', () => {
  test.each(silent)(
    'fails with NODE_TIMEOUT where it waits too long for %s',
    async (_what, source, given) => {
      const error = await rejectionOf(new PipelineRunner({ graceMs: 20 }).run(watching(source, 20)));

      expect(error).toMatchObject({ code: 'NODE_TIMEOUT', path: 'root/source' });
      expect(error.message).toContain('20 ms (idleTimeoutMs)');
      expect(resultOf(error).status).toBe('failed');
      expect(countsAt(resultOf(error), 'root/source')).toMatchObject({ in: given, out: given });
      expectBalanced(resultOf(error));
    },
  );

  test('has its signal aborted and is closed, so one that heeds that is not abandoned', async () => {
    const log: string[] = [];
    const source: Open = async function* (context) {
      try {
        yield 1;
        await aborted(context.signal);
        log.push('aborted');
      } finally {
        log.push('closed');
      }
    };
    const error = await rejectionOf(runPipeline(watching(source, 10)));

    expect(log).toEqual(['aborted', 'closed']);
    expect(resultOf(error).abandoned).toEqual([]);
  });

  test('may take any time where others are busy: backpressure does not count', async () => {
    const got: number[] = [];
    const source: Open = async function* () {
      for (const item of range(1, 3)) yield await Promise.resolve(item);
    };
    const result = await runPipeline(
      watching(source, 20, async (item) => {
        await delay(40);
        got.push(item);
      }),
    );

    expect(result.status).toBe('succeeded');
    expect(got).toEqual([1, 2, 3]);
  });

  test('may be slow as a whole: each item has the full time', async () => {
    const source: Open = async function* () {
      for (const item of range(1, 5)) {
        await delay(15);
        yield item;
      }
    };
    const result = await runPipeline(watching(source, 60));

    expect(countsAt(result, 'root/source')).toMatchObject({ in: 5 });
  });

  test('is measured by the runner’s clock: opening and the first item together', async () => {
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const source: Open = async (context) => {
      await new Promise((resolve) =>
        clock.setTimeout(() => {
          resolve(undefined);
        }, 60),
      );
      return falls([])(context);
    };
    let isOver = false;
    const running = rejectionOf(runner.run(watching(source, 100)));
    void running.then(() => {
      isOver = true;
    });
    await nextTurn();
    await clock.advance(99);
    expect(isOver).toBe(false);
    await clock.advance(1);

    expect(await running).toMatchObject({ code: 'NODE_TIMEOUT' });
  });

  test('in a child fails the item, for the composite’s policy to decide, also in lanes', async () => {
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const input = builder.addCompositeInput();
      builder.connect(input, builder.addCompositeOutput());
      builder.connect(
        builder.addSource(falls([1]), { name: 'silent', idleTimeoutMs: 10 }),
        builder.addSink(() => undefined),
      );
    });
    const options = { concurrency: 4, errorPolicy: 'skip' } as const;
    const result = await runPipeline(rootAround(Child, options, [1, 2, 3, 4]));

    expect(countsAt(result, 'root/child')).toMatchObject({ in: 4, filtered: 4 });
    const error = await rejectionOf(runPipeline(rootAround(Child)));
    expect(error).toMatchObject({ code: 'NODE_TIMEOUT', path: 'root/child/silent' });
  });

  test('leaves no timer behind', async () => {
    const clock = new ManualClock();
    const source: Open = async function* () {
      for (const item of range(1, 100)) yield await Promise.resolve(item);
    };
    await new PipelineRunner({ clock }).run(watching(source, 1_000));

    expect(clock.pending).toBe(0);
  });

  test.each([0, -1, Number.NaN, '5'])('refuses %s', (wrong) => {
    const error = errorOf(() => buildPipeline(watching([1], wrong as number)));

    expect(codesOf(error)).toEqual(['OPTION_INVALID']);
    expect(error.message).toContain('idleTimeoutMs');
  });
});
