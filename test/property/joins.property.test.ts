import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runPipeline, type JoinKind } from 'heirline';
import { sorted } from 'heirline/flow';
import { countsAt, definePipeline, expectBalanced, nextTurn } from '../integration/support/harness.js';

interface Row {
  readonly key: number | null;
  readonly timeMs: number;
  readonly turns: number;
}

const row: fc.Arbitrary<Row> = fc.record({
  key: fc.option(fc.integer({ min: 0, max: 5 }), { freq: 8 }),
  timeMs: fc.integer({ min: 0, max: 30 }),
  turns: fc.nat({ max: 1 }),
});
const rows = fc.array(row, { maxLength: 30 });
const kinds = fc.constantFrom<JoinKind>('inner', 'left', 'right', 'full');

/** Gives rows one by one, some after a turn of the event loop. */
async function* given(list: readonly Row[]): AsyncGenerator<Row> {
  for (const each of list) {
    for (let turn = 0; turn < each.turns; turn += 1) await nextTurn();
    yield each;
  }
}

interface JoinRun {
  readonly lefts: readonly Row[];
  readonly rights: readonly Row[];
  readonly kind: JoinKind;
  /** The greatest distance of two times; undefined for none. */
  readonly ms: number | undefined;
}

type Pair = readonly [Row | undefined, Row | undefined];

async function joined({ lefts, rights, kind, ms }: JoinRun): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  const result = await runPipeline(
    definePipeline('root', (builder) => {
      const join = builder.addJoin({
        left: builder.addSource(() => given(lefts), 'left'),
        right: builder.addSource(() => given(rights), 'right'),
        leftKey: ({ key }) => key,
        rightKey: ({ key }) => key,
        kind,
        // No row of these is late.
        within: ms === undefined ? undefined : { ...{ ms, latenessMs: 100 }, leftTime, rightTime: leftTime },
        name: 'join',
      });
      builder.addSink((pair) => pairs.push(pair), { from: join });
    }),
  );
  expectBalanced(result);
  expect(countsAt(result, 'root/join').in).toBe(lefts.length + rights.length);
  expect(countsAt(result, 'root/join').emitted).toBe(pairs.length);
  return pairs;
}

const leftTime = ({ timeMs }: Row): number => timeMs;

/** The same by nested loops. */
function looped({ lefts, rights, kind, ms = Infinity }: JoinRun): readonly Pair[] {
  const fits = (one: Row, other: Row): boolean =>
    one.key !== null && one.key === other.key && Math.abs(one.timeMs - other.timeMs) <= ms;
  const pairs: Pair[] = lefts.flatMap((one) =>
    rights.filter((other) => fits(one, other)).map((other): Pair => [one, other]),
  );
  if (kind === 'left' || kind === 'full')
    pairs.push(
      ...lefts
        .filter((one) => !rights.some((other) => fits(one, other)))
        .map((one): Pair => [one, undefined]),
    );
  if (kind === 'right' || kind === 'full')
    pairs.push(
      ...rights
        .filter((other) => !lefts.some((one) => fits(one, other)))
        .map((one): Pair => [undefined, one]),
    );
  return pairs;
}

const text = (pairs: readonly Pair[]): string[] => pairs.map((pair) => JSON.stringify(pair)).sort();

describe('a join', () => {
  test('gives the same pairs as nested loops, whatever comes first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          lefts: rows,
          rights: rows,
          kind: kinds,
          ms: fc.option(fc.nat({ max: 10 }), { nil: undefined }),
        }),
        async (run) => {
          expect(text(await joined(run))).toEqual(text(looped(run)));
        },
      ),
      { numRuns: 150 },
    );
  });

  test('gives the same pairs of 10,000 shuffled rows with duplicates on both sides', async () => {
    const list = (seed: number): Row[] =>
      Array.from({ length: 10_000 }, (_, index) => ({
        key: (index * seed) % 6_007,
        timeMs: 0,
        turns: 0,
      }));
    const [lefts, rights] = [list(7_919), list(104_729)];
    const keys = new Map<number, number>();
    for (const { key } of rights) keys.set(key ?? -1, (keys.get(key ?? -1) ?? 0) + 1);
    const expected = lefts.reduce((sum, { key }) => sum + (keys.get(key ?? -1) ?? 0), 0);

    expect(await joined({ lefts, rights, kind: 'inner', ms: undefined })).toHaveLength(expected);
  });

  test('keeps its memory flat over two endless inputs with a window', async () => {
    const many = 150_000;
    const source = function* (): Generator<number> {
      for (let item = 0; item < many; item += 1) yield item;
    };
    let pairs = 0;
    await runPipeline(
      definePipeline('root', (builder) => {
        const join = builder.addJoin({
          left: builder.addSource(source),
          right: builder.addSource(source),
          leftKey: (item) => item % 10,
          rightKey: (item) => item % 10,
          kind: 'inner',
          within: { ms: 20, leftTime: (item) => item, rightTime: (item) => item },
          // More than one input is ahead of the other while it has its turn, and far less than there are rows.
          capacity: 30_000,
        });
        builder.addSink(() => (pairs += 1), { from: join });
      }),
    );

    // Each left row has a partner at its own time, at ±10 and at ±20, where these are there.
    expect(pairs).toBe(5 * many - 2 * 10 - 2 * 20);
  });
});

describe('a merge of sorted inputs', () => {
  test('is what sorting all of them gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rows, { minLength: 1, maxLength: 4 }), async (lists) => {
        const sources = lists.map((list) => [...list].sort((one, other) => one.timeMs - other.timeMs));
        const left: number[] = [];
        const result = await runPipeline(
          definePipeline('root', (builder) => {
            const from = sources.map((list) => builder.addSource(() => given(list)));
            const merge = builder.addMerge({ from, order: sorted({ by: leftTime }) });
            builder.addSink(({ timeMs }) => left.push(timeMs), { from: merge });
          }),
        );

        expectBalanced(result);
        expect(left).toEqual(
          sources
            .flat()
            .map(leftTime)
            .sort((one, other) => one - other),
        );
      }),
      { numRuns: 80 },
    );
  });
});
