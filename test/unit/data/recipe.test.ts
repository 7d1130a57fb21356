import { describe, expect, test } from 'vitest';
import { applyRecipe } from '../../../src/data/recipe.js';

interface State {
  flag: boolean;
  inner: { n: number };
  tags?: Set<string>;
}

function state(): State {
  return { flag: false, inner: { n: 1 } };
}

describe('a recipe', () => {
  test('may change the draft and return nothing', () => {
    const before = state();
    const after = applyRecipe(before, (draft) => {
      draft.inner.n = 2;
    });

    expect(after).toEqual({ flag: false, inner: { n: 2 } });
    expect(before).toEqual(state());
  });

  test('may change the draft and return something: what it returns is ignored', () => {
    expect(applyRecipe(state(), (draft) => (draft.flag = true))).toEqual({ flag: true, inner: { n: 1 } });
    expect(applyRecipe([1], (draft) => draft.push(2))).toEqual([1, 2]);
    expect(applyRecipe(state(), (draft) => ({ replaced: (draft.inner.n = 2) }))).toEqual({
      flag: false,
      inner: { n: 2 },
    });
  });

  test('may set what is so already: what the assignment returns does not replace the value', () => {
    expect(applyRecipe({ ...state(), flag: true }, (draft) => (draft.flag = true))).toEqual({
      ...state(),
      flag: true,
    });
    expect(applyRecipe(state(), (draft) => (draft.inner.n = 1))).toEqual(state());
  });

  test('may return a new value instead', () => {
    expect(applyRecipe(state(), (draft) => ({ ...draft, flag: true }))).toEqual({
      flag: true,
      inner: { n: 1 },
    });
    expect(applyRecipe({ n: 1 }, () => null)).toBeNull();
  });

  test('may return a part of the draft', () => {
    expect(applyRecipe<unknown>(state(), (draft) => (draft as State).inner)).toEqual({ n: 1 });
  });

  test('that changes nothing gives the very same value', () => {
    const before = state();

    expect(applyRecipe(before, () => undefined)).toBe(before);
    expect(applyRecipe(before, (draft) => draft)).toBe(before);
  });

  test('shares with the old value what it did not touch', () => {
    const before = state();

    expect(applyRecipe(before, (draft) => (draft.flag = true)).inner).toBe(before.inner);
  });

  test('can change Maps and Sets, and frozen values', () => {
    const map = new Map([['a', { n: 1 }]]);
    const after = applyRecipe(map, (draft) => draft.set('b', { n: 2 }));
    expect([map.size, after.size]).toEqual([1, 2]);

    const frozen = Object.freeze({ list: Object.freeze(['a']) as string[] });
    expect(applyRecipe(frozen, (draft) => draft.list.push('b'))).toEqual({ list: ['a', 'b'] });
    expect(applyRecipe(new Set(['a']), (draft) => draft.delete('a')).size).toBe(0);
  });

  test('gives results that are not frozen: whether they are is the dictionary’s matter', () => {
    const after = applyRecipe(state(), (draft) => (draft.inner.n = 2));

    expect([Object.isFrozen(after), Object.isFrozen(after.inner)]).toEqual([false, false]);
  });

  test('gets what is no data as it is, and may return its replacement', () => {
    class Counter {
      count = 0;
    }
    const counter = new Counter();

    const counted = applyRecipe(counter, (same) => {
      same.count = 1;
    });
    expect(counted).toBe(counter);
    expect(counter.count).toBe(1);
    expect(applyRecipe(3, (n) => n + 1)).toBe(4);
    expect(applyRecipe(3, () => undefined)).toBe(3);
    expect(applyRecipe<number | undefined>(undefined, () => 1)).toBe(1);
    expect(applyRecipe<string | null>(null, () => 'now')).toBe('now');
  });

  test('that throws leaves the value alone', () => {
    const before = state();
    const failing = (): unknown =>
      applyRecipe(before, (draft) => {
        draft.flag = true;
        throw new RangeError('no');
      });

    expect(failing).toThrow(RangeError);
    expect(before).toEqual(state());
  });
});
