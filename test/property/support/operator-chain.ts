import { errorPolicy, type ErrorPolicy, type StreamOperator } from 'heirline';
import {
  aggregate,
  batch,
  buffer,
  distinct,
  drop,
  filter,
  flatMap,
  flatten,
  reduce,
  scan,
  session,
  sliding,
  sortWithin,
  statefulMap,
  take,
  takeWhile,
  tumbling,
  window,
  type Aggregate,
} from 'heirline/flow';

/** Which operator, with a number that its options are made of. */
export interface DrawnOperator {
  readonly kind: (typeof operatorKinds)[number];
  readonly size: number;
  /** One in so many items fails; 0 for none. */
  readonly failsEach: number;
  readonly policy: 'none' | 'skip' | 'deadLetter' | 'retry';
}

export const operatorKinds = [
  'filter',
  'distinct',
  'take',
  'takeWhile',
  'drop',
  'scan',
  'reduce',
  'batch',
  'buffer',
  'sortWithin',
  'statefulMap',
  'flatMap',
  'tumbling',
  'sliding',
  'session',
  'aggregate',
  'user',
] as const;

/** Gives each second item with the one before it, as their sum; the last one alone. */
function pairSums(): StreamOperator<number, number> {
  return {
    kind: 'pair sums',
    options: {},
    open(output) {
      let held: number | undefined;
      return {
        push(item) {
          if (held === undefined) {
            held = item;
            return undefined;
          }
          const sum = held + item;
          held = undefined;
          return output(sum);
        },
        end: () => (held === undefined ? undefined : output(held)),
      };
    },
  };
}

/** Numbers from numbers: an operator, and one behind it where the first gives something else. */
export function operatorsOf({
  kind,
  size,
  failsEach,
}: DrawnOperator): readonly [StreamOperator<number, unknown>, ...StreamOperator<never, unknown>[]] {
  let calls = 0;
  const judged = (item: number): number => {
    calls += 1;
    if (failsEach > 0 && (item + calls) % failsEach === 0) throw new RangeError('drawn');
    return item;
  };
  const time = (item: number) => judged(item) % 1_000;
  switch (kind) {
    case 'filter':
      return [filter((item: number) => judged(item) % (size + 1) > 0)];
    case 'distinct':
      return [distinct({ by: (item: number) => judged(item) % 50, capacity: size })];
    case 'take':
      return [take<number>(size * 3)];
    case 'takeWhile':
      return [takeWhile((item: number) => judged(item) % 40 < 39)];
    case 'drop':
      return [drop<number>(size)];
    case 'scan':
      return [scan((sum: number, item: number) => (sum + judged(item)) % 1_000, 0)];
    case 'reduce':
      return [reduce((sum: number, item: number) => sum + judged(item), 0)];
    case 'batch':
      return [batch({ size, by: (item: number) => judged(item) % 7 < 6 }), flatten<number>()];
    case 'buffer':
      return [buffer<number>({ capacity: size })];
    case 'sortWithin':
      return [sortWithin({ by: judged, capacity: size })];
    case 'statefulMap':
      return [
        statefulMap(
          (sum: number, item: number) => [sum + judged(item), item % 3 === 0 ? [] : [sum, item]],
          0,
          {
            finish: (sum) => [sum],
          },
        ),
      ];
    case 'flatMap':
      return [
        flatMap(function* (item: number) {
          if (item % 4 > 0) yield item;
          if (item % 4 > 1) yield judged(item) + 1;
        }),
      ];
    case 'tumbling':
      return [window(tumbling({ ms: size * 5 }), { time, latenessMs: size }), flatten<number>()];
    case 'sliding':
      return [window(sliding({ ms: size * 5, everyMs: 5 }), { time }), flatten<number>()];
    case 'session':
      return [
        window(session({ gapMs: size }), { time, key: (item: number) => item % 3, latenessMs: 10 }),
        flatten<number>(),
      ];
    case 'aggregate':
      return [
        aggregate({
          key: (item: number) => item % 5,
          window: tumbling({ count: size }),
          seed: 0,
          step: (sum: number, item: number) => sum + judged(item),
        }),
        flatMap(({ value }: Aggregate<number, number>) => [value]),
      ];
    case 'user':
      return [pairSums()];
  }
}

export function policyOf({ policy }: DrawnOperator): ErrorPolicy | undefined {
  switch (policy) {
    case 'none':
      return undefined;
    case 'retry':
      return errorPolicy({ then: { retry: { attempts: 2, exhausted: 'skip' } } });
    default:
      return errorPolicy({ then: policy });
  }
}
