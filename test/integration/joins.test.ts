import { describe, expect, test } from 'vitest';
import { errorPolicy, MemoryLineageSink, PipelineBuilder, runPipeline, type JoinKind } from 'heirline';
import { take } from 'heirline/flow';
import {
  codesOf,
  countsAt,
  definePipeline,
  errorOf,
  expectBalanced,
  gate,
  nextTurn,
  range,
  rejectionOf,
} from './support/harness.js';

interface Row {
  readonly key: number | null;
  readonly name: string;
}

const lefts: readonly Row[] = [
  { key: 1, name: 'a' },
  { key: 2, name: 'b' },
  { key: 1, name: 'c' },
  { key: null, name: 'n' },
];
const rights: readonly Row[] = [
  { key: 1, name: 'x' },
  { key: 3, name: 'y' },
  { key: 1, name: 'z' },
];

/** Joins the rows above; tells the names of what left, sorted. */
async function joined(kind: JoinKind) {
  const left: string[] = [];
  const lineage = new MemoryLineageSink();
  const result = await runPipeline(
    definePipeline('root', (builder) => {
      const join = builder.addJoin({
        left: builder.addSource(lefts, 'lefts'),
        right: builder.addSource(rights, 'rights'),
        leftKey: ({ key }) => key,
        rightKey: ({ key }) => key,
        kind,
        name: 'join',
      });
      builder.addSink(([one, other]) => left.push(`${one?.name ?? '-'}${other?.name ?? '-'}`), {
        from: join,
      });
    }),
    { lineageSink: lineage },
  );
  expectBalanced(result);
  return { left: left.sort(), counts: countsAt(result, 'root/join'), records: lineage.records };
}

describe('a join', () => {
  test('gives each pair of rows of one key; null and undefined match nothing', async () => {
    const { left, counts, records } = await joined('inner');

    expect(left).toEqual(['ax', 'az', 'cx', 'cz']);
    expect(counts).toMatchObject({ in: 7, out: 4, filtered: 3, emitted: 4 });
    expect(records.filter(({ outcome }) => outcome === 'joined')).toHaveLength(4);
    expect(records.find(({ contributors }) => contributors !== undefined)?.contributorCount).toBe(2);
  });

  test.for([
    ['left', ['ax', 'az', 'b-', 'cx', 'cz', 'n-'], 6],
    ['right', ['-y', 'ax', 'az', 'cx', 'cz'], 5],
    ['full', ['-y', 'ax', 'az', 'b-', 'cx', 'cz', 'n-'], 7],
  ] as const)('gives rows without a partner, too: %s', async ([kind, pairs, out]) => {
    const { left, counts } = await joined(kind);

    expect(left).toEqual([...pairs].sort());
    expect(counts).toMatchObject({ in: 7, out, filtered: 7 - out, emitted: pairs.length });
  });

  test('gives a pair while both inputs are still open', async () => {
    const seen = gate<unknown>();
    const end = gate();
    const open = (key: number) =>
      async function* (): AsyncGenerator<{ key: number }> {
        yield { key };
        await end.opened;
      };
    const run = runPipeline(
      definePipeline('root', (builder) => {
        const join = builder.addJoin({
          left: builder.addSource(open(1)),
          right: builder.addSource(open(1)),
          leftKey: ({ key }) => key,
          rightKey: ({ key }) => key,
          kind: 'inner',
        });
        builder.addSink(
          (pair) => {
            seen.open(pair);
          },
          { from: join },
        );
      }),
    );

    expect(await seen.opened).toEqual([{ key: 1 }, { key: 1 }]);
    end.open();
    await run;
  });

  test('within a time joins rows that are no further apart, and forgets those that are too old', async () => {
    const left: string[] = [];
    const result = await runPipeline(
      definePipeline('root', (builder) => {
        const join = builder.addJoin({
          left: builder.addSource(range(0, 99), 'left'),
          right: builder.addSource(range(0, 99), 'right'),
          leftKey: () => 'all',
          rightKey: () => 'all',
          kind: 'full',
          within: { ms: 1, leftTime: (time) => time, rightTime: (time) => new Date(time * 2) },
          capacity: 10_000,
          name: 'join',
          combine: (one, other) => `${String(one ?? '-')} ${String(other ?? '-')}`,
        });
        builder.addSink((pair) => left.push(pair), { from: join });
      }),
    );
    const pairs = range(0, 99).flatMap((one) =>
      range(0, 99).flatMap((other) =>
        Math.abs(one - 2 * other) <= 1 ? [`${String(one)} ${String(other)}`] : [],
      ),
    );
    const alone = range(0, 99)
      .filter((other) => 2 * other > 100)
      .map((other) => `- ${String(other)}`);

    expect(left.sort()).toEqual([...pairs, ...alone].sort());
    expectBalanced(result);
  });

  test('matches rows that come too late with nothing', async () => {
    const left: unknown[] = [];
    await runPipeline(
      definePipeline('root', (builder) => {
        const join = builder.addJoin({
          left: builder.addSource([10, 4], 'left'),
          right: builder.addSource([4], 'right'),
          leftKey: () => 1,
          rightKey: () => 1,
          kind: 'left',
          within: { ms: 100, leftTime: (time) => time, rightTime: (time) => time, latenessMs: 5 },
        });
        builder.addSink((pair) => left.push(pair), { from: join });
      }),
    );

    expect(left).toContainEqual([4, undefined]);
  });

  test('holds an input back that is its capacity ahead', async () => {
    const taken: number[] = [];
    const end = gate();
    const run = runPipeline(
      definePipeline('root', (builder) => {
        const fast = builder.addSource(function* () {
          for (const item of range(1, 9)) {
            taken.push(item);
            yield item;
          }
        });
        const slow = builder.addSource(async function* () {
          await end.opened;
          yield 1;
        });
        const join = builder.addJoin({
          ...{ left: fast, right: slow, kind: 'inner', capacity: 3 },
          leftKey: (item) => item,
          rightKey: (item) => item,
        });
        builder.addSink(() => undefined, { from: join });
      }),
    );
    await nextTurn();
    const before = taken.length;
    end.open();

    expectBalanced(await run);
    expect([before, taken.length]).toEqual([4, 9]);
  });

  test('fails where both inputs are its capacity ahead, or come from one node', async () => {
    const fails = async (isShared: boolean) =>
      rejectionOf(
        runPipeline(
          definePipeline('root', (builder) => {
            const left = builder.addSource(range(1, 5), 'left');
            const join = builder.addJoin({
              left,
              right: isShared ? left : builder.addSource(range(6, 9), 'right'),
              leftKey: (item) => item,
              rightKey: (item) => item + 100,
              ...{ kind: 'inner', capacity: 2, name: 'join' },
            });
            builder.addSink(() => undefined, { from: join });
          }),
        ),
      );

    for (const isShared of [false, true])
      expect(await fails(isShared)).toMatchObject({ code: 'FLOW_CAPACITY_EXCEEDED', path: 'root/join' });
  });

  test('has its policy decide about rows without a key or a time', async () => {
    const result = await runPipeline(
      definePipeline('root', (builder) => {
        const join = builder.addJoin({
          left: builder.addSource([1, 2, 3], 'left'),
          right: builder.addSource([1, 2, 3], 'right'),
          leftKey: (item) => (item === 2 ? ({} as number) : item),
          rightKey: (item) => item,
          kind: 'inner',
          within: { ms: 9, leftTime: () => 0, rightTime: (item) => (item === 3 ? NaN : 0) },
          errorPolicy: errorPolicy(
            { on: 'FLOW_KEY_INVALID', then: 'skip' },
            { on: 'FLOW_TIME_INVALID', then: 'skip' },
          ),
          name: 'join',
        });
        builder.addSink(() => undefined, { from: join });
      }),
    );

    expect(countsAt(result, 'root/join')).toMatchObject({ in: 6, out: 2, filtered: 4, emitted: 1 });
  });

  test('ends when nobody reads it any more', async () => {
    const result = await runPipeline(
      definePipeline('root', (builder) => {
        const endless = function* (): Generator<number> {
          for (let item = 0; ; item += 1) yield item;
        };
        const join = builder.addJoin({
          left: builder.addSource(endless),
          right: builder.addSource(endless),
          leftKey: (item) => item,
          rightKey: (item) => item,
          kind: 'inner',
        });
        builder.addSink(() => undefined, { from: builder.addStreamTransform(take(3), { from: join }) });
      }),
    );

    expect(result.status).toBe('succeeded');
    expectBalanced(result);
  });

  test('tells all that is wrong with its options', () => {
    const error = errorOf(() => {
      const builder = new PipelineBuilder();
      const from = builder.addSource([1]);
      const join = builder.addJoin({
        left: from,
        right: from,
        kind: 'outer',
        leftKey: 1,
        within: { ms: -1 },
      } as never);
      builder.addSink(() => undefined, { from: join });
      builder.build();
    });

    expect(codesOf(error)).toEqual(['OPTION_INVALID', 'OPTION_INVALID', 'OPTION_INVALID', 'OPTION_INVALID']);
  });
});
