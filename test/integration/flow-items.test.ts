import { describe, expect, test } from 'vitest';
import { errorPolicy, type StandardSchema } from 'heirline';
import {
  distinct,
  drop,
  dropWhile,
  filter,
  reduce,
  scan,
  statefulMap,
  takeWhile,
  validate,
} from 'heirline/flow';
import { errorOf } from './support/harness.js';
import { flowOf, manual, FlowRun, outputsOf, timed } from './support/flow.js';

const isEven = (item: number) => item % 2 === 0;

describe('filter', () => {
  test('keeps what holds, and counts the others as filtered', async () => {
    const { outputs, counts } = await flowOf([1, 2, 3, 4], filter(isEven));

    expect(outputs).toEqual([2, 4]);
    expect(counts).toMatchObject({ in: 4, out: 2, filtered: 2 });
  });

  test('takes what is truthy for an answer', async () => {
    expect(
      await outputsOf(
        ['', 'a'],
        filter((item: string) => item as unknown as boolean),
      ),
    ).toEqual(['a']);
  });

  test('refuses a promise for an answer, which would always hold', async () => {
    const late = () => Promise.resolve(false) as unknown as boolean;
    const { code, error } = await flowOf([1], filter(late));

    expect(code).toBe('OPTION_INVALID');
    expect(error?.message).toContain('must come at once');
  });

  test('lets a fallback value go on without judging it', async () => {
    const broken = filter((item: number) => {
      if (item === 1) throw new RangeError('odd');
      return true;
    });

    const { outputs, counts } = await flowOf([1, 2], broken, {
      errorPolicy: errorPolicy({ then: { fallback: () => 7 } }),
    });

    expect(outputs).toEqual([7, 2]);
    expect(counts).toMatchObject({ in: 2, out: 2, recovered: 1 });
  });
});

describe('drop and dropWhile', () => {
  test('leave the first ones out', async () => {
    expect(await outputsOf([1, 2, 3], drop<number>(2))).toEqual([3]);
    expect(await outputsOf([2, 4, 5, 6], dropWhile(isEven))).toEqual([5, 6]);
    expect(errorOf(() => drop(-1)).code).toBe('OPTION_INVALID');
  });
});

describe('distinct', () => {
  test('lets the first of each key pass', async () => {
    const { outputs, counts } = await flowOf(
      ['ab', 'ac', 'b', 'ab'],
      distinct({ by: (item: string) => item.slice(0, 1) }),
    );

    expect(outputs).toEqual(['ab', 'b']);
    expect(counts).toMatchObject({ in: 4, out: 2, filtered: 2 });
  });

  test('compares dates by their time, and other objects by identity', async () => {
    const one = {};

    expect(await outputsOf([new Date(1), new Date(1)], distinct({ by: (item: Date) => item }))).toHaveLength(
      1,
    );
    expect(await outputsOf([one, {}, one], distinct<object>())).toHaveLength(2);
  });

  test('forgets the key that was not seen for longest', async () => {
    expect(await outputsOf(['a', 'b', 'a', 'c', 'a', 'b'], distinct<string>({ capacity: 2 }))).toEqual([
      'a',
      'b',
      'c',
      'b',
    ]);
  });

  test('counts its time from the item that went on', async () => {
    const { clock, options } = manual();
    const items = timed(clock, [
      [0, 'a'],
      [60, 'a'],
      [100, 'a'],
      [150, 'a'],
    ]);
    const run = new FlowRun(items, distinct<string>({ withinMs: 100 }), options);

    await clock.advance(200);

    expect((await run.ended).counts).toMatchObject({ in: 4, out: 2, filtered: 2 });
  });

  test('fails an item whose key is none', async () => {
    const { code, error } = await flowOf([{}], distinct({ by: (item: object) => item as unknown as string }));

    expect(code).toBe('FLOW_KEY_INVALID');
    expect(error?.message).toContain("'by' of distinct");
  });
});

describe('takeWhile', () => {
  test('ends the stream, with or without the item that ends it', async () => {
    expect(await outputsOf([2, 4, 5, 6], takeWhile(isEven))).toEqual([2, 4]);
    expect(await outputsOf([2, 4, 5, 6], takeWhile(isEven, { inclusive: true }))).toEqual([2, 4, 5]);
  });
});

describe('scan and reduce', () => {
  test('give running values, and one value', async () => {
    expect(
      await outputsOf(
        [1, 2, 3],
        scan((sum: number, item: number) => sum + item, 0),
      ),
    ).toEqual([1, 3, 6]);
    expect(
      await outputsOf(
        [1, 2, 3],
        reduce((sum: number, item: number) => sum + item, 0),
      ),
    ).toEqual([6]);
    expect(
      await outputsOf(
        [],
        reduce((sum: number, item: number) => sum + item, 5),
      ),
    ).toEqual([5]);
  });

  test('want a seed, which may be undefined', () => {
    // @ts-expect-error -- a seed is required
    expect(errorOf(() => scan((sum: number) => sum)).code).toBe('OPTION_INVALID');
    expect(() => reduce(() => undefined, undefined)).not.toThrow();
  });

  test('copy and freeze a seed of plain data, and ask a function for one per run', async () => {
    const list: number[] = [];
    const pushing = (seen: number[], item: number) => {
      seen.push(item);
      return seen;
    };

    const frozen = await flowOf([1], reduce(pushing, list));
    const own = reduce(pushing, (): number[] => []);

    expect(frozen.code).toBe('NODE_FAILED');
    expect([await outputsOf([1], own), await outputsOf([2], own)]).toEqual([[[1]], [[2]]]);
  });

  test('go on from the value before an item that failed', async () => {
    const step = (sum: number, item: number) => {
      if (item === 2) throw new RangeError('odd');
      return sum + item;
    };

    expect(await outputsOf([1, 2, 3], scan(step, 0), { errorPolicy: 'skip' })).toEqual([1, 4]);
  });
});

describe('statefulMap', () => {
  /** Gives the difference to the item before, and at the end the last one. */
  const differences = statefulMap(
    (before: number, item: number) => [item, before === 0 ? [] : [item - before]],
    0,
    { finish: (last) => [`last ${String(last)}`] as unknown as number[] },
  );

  test('keeps a state, gives none, one or many outputs, and the rest at the end', async () => {
    const { outputs, counts } = await flowOf([1, 4, 9], differences);

    expect(outputs).toEqual([3, 5, 'last 9']);
    expect(counts).toMatchObject({ in: 3, out: 2, filtered: 1, emitted: 3 });
  });

  test('does not keep the state of a try that fails while its outputs are read', async () => {
    let fails = true;
    const totals = statefulMap(function (sum: number, item: number) {
      const outputs = function* () {
        yield sum + item;
        if (item === 2 && fails) {
          fails = false;
          throw new RangeError('once');
        }
      };
      return [sum + item, outputs()];
    }, 0);

    const { outputs, counts } = await flowOf([1, 2, 3], totals, {
      errorPolicy: errorPolicy({ then: { retry: { attempts: 2 } } }),
    });

    expect(outputs).toEqual([1, 3, 6]);
    expect(counts).toMatchObject({ in: 3, out: 3, emitted: 3 });
  });

  test('takes a text for one output, and refuses what is no pair', async () => {
    const words = statefulMap((state: number, item: string) => [state, item], 0);
    const wrong = statefulMap((state: number) => state as unknown as readonly [number, number[]], 0);

    expect(await outputsOf(['ab'], words)).toEqual(['ab']);
    expect((await flowOf([1], wrong)).code).toBe('OPTION_INVALID');
  });

  test('fails the run where finish throws', async () => {
    const failing = statefulMap((state: number, item: number) => [state, [item]], 0, {
      finish: () => {
        throw new RangeError('no end');
      },
    });

    expect(await flowOf([1], failing, { errorPolicy: 'skip' })).toMatchObject({
      code: 'NODE_FAILED',
      outputs: [1],
    });
  });
});

describe('validate', () => {
  /** Ages as numbers of 0 or more; answers at once or later. */
  function ageSchema(isLate: boolean): StandardSchema<unknown, number> {
    const validated = (value: unknown) =>
      typeof value === 'string' && Number(value) >= 0
        ? { value: Number(value) }
        : {
            issues: [{ message: 'Must be an age.', path: ['person', { key: 'age' }] }, { message: 'Sorry' }],
          };
    return {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => (isLate ? Promise.resolve(validated(value)) : validated(value)),
      },
    };
  }

  test.each([false, true])('lets the parsed value go on; asynchronous: %s', async (isLate) => {
    const { outputs, counts } = await flowOf(['30', 'old', '4'], validate(ageSchema(isLate)), {
      errorPolicy: 'skip',
    });

    expect(outputs).toEqual([30, 4]);
    expect(counts).toMatchObject({ in: 3, out: 2, filtered: 1 });
  });

  test.each([false, true])('lists what is wrong, and where; asynchronous: %s', async (isLate) => {
    const { code, error } = await flowOf(['old'], validate(ageSchema(isLate)));

    expect(code).toBe('ITEM_INVALID');
    expect(error?.path).toBe('flow/operator');
    expect(error?.message).toContain('person.age: Must be an age; Sorry');
  });

  test('fails the item where the schema throws', async () => {
    const broken: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => {
          throw new RangeError('broken');
        },
      },
    };

    expect((await flowOf([1], validate(broken))).code).toBe('NODE_FAILED');
  });

  test('is refused without a schema', () => {
    // @ts-expect-error -- this is no schema
    expect(errorOf(() => validate({})).code).toBe('OPTION_INVALID');
  });
});
