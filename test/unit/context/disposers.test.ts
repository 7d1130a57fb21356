import { describe, expect, test } from 'vitest';
import { callDisposer, callDisposers, disposalFailed, isDisposer } from '../../../src/context/disposers.js';
import { rootFrame } from '../support/frames.js';
import { errorOf, misuse, throws } from '../support/thrown.js';

describe('disposers', () => {
  test('may be functions, disposables, or async disposables, which go first', async () => {
    const called: string[] = [];
    void callDisposer(() => called.push('function'));
    void callDisposer({ [Symbol.dispose]: () => called.push('dispose') });
    const both = {
      [Symbol.dispose]: () => called.push('never'),
      [Symbol.asyncDispose]: async () => void called.push('async'),
    };
    await callDisposer(both);

    expect(called).toEqual(['function', 'dispose', 'async']);
  });

  test('are called one after the other, all of them, and what they throw is given back with whose it was', async () => {
    const called: number[] = [];
    const failures = await callDisposers([
      {
        path: 'orders/a',
        disposer: async () => {
          await Promise.resolve();
          called.push(1);
          throw new RangeError('first');
        },
      },
      { path: 'orders', disposer: () => called.push(2) },
      { path: 'orders/b', disposer: throws('third') },
      { path: 'orders', disposer: () => called.push(4) },
    ]);

    expect(called).toEqual([1, 2, 4]);
    expect(failures).toEqual([
      { path: 'orders/a', error: new RangeError('first') },
      { path: 'orders/b', error: 'third' },
    ]);
  });

  test('are awaited only where they are functions or async: what dispose gives is ignored', async () => {
    const never = new Promise<never>(() => undefined);

    expect(await callDisposers([{ path: 'p', disposer: misuse({ [Symbol.dispose]: () => never }) }])).toEqual(
      [],
    );
  });

  test('are nothing else', () => {
    expect(
      [() => 1, { [Symbol.dispose]: () => 1 }, { [Symbol.asyncDispose]: () => 1 }].every(isDisposer),
    ).toBe(true);
    expect([undefined, null, {}, 'close', { dispose: () => 1 }].some(isDisposer)).toBe(false);
  });
});

describe('the error of disposers', () => {
  test('is none where nothing failed', () => {
    expect(disposalFailed([])).toBeUndefined();
  });

  test('names whose it was, with the one error as cause', () => {
    const cause = new Error('socket open.');
    const error = disposalFailed([{ path: 'orders/save', error: cause }]);

    expect(error).toMatchObject({ code: 'DISPOSAL_FAILED', path: 'orders/save', cause });
    expect(error?.message).toContain('a disposer failed: socket open. Mend');
  });

  test('names the first of several, and has all of them as cause', () => {
    const errors = [new Error('a'), new Error('b'), 'c'];
    const error = disposalFailed(
      errors.map((each, index) => ({ path: `orders/${String(index)}`, error: each })),
    );

    expect(error?.path).toBe('orders/0');
    expect(error?.message).toContain('(and 2 more): a.');
    expect((error?.cause as AggregateError).errors).toEqual(errors);
  });

  test('is none where none failed', () => {
    expect(disposalFailed([])).toBeUndefined();
  });
});

describe('a context’s disposers', () => {
  const named = (frame: ReturnType<typeof rootFrame>, since?: number) =>
    frame.takeDisposers(since).map(({ disposer, path }) => [disposer, path]);

  test('are taken out the latest first, once, with the path of whoever is to be named', () => {
    const frame = rootFrame();
    const [a, b] = [() => 'a', () => 'b'];
    frame.addDisposer(a);
    frame.addDisposer(b, 'root/save');

    expect(frame.disposerCount).toBe(2);
    expect(named(frame)).toEqual([
      [b, 'root/save'],
      [a, 'root'],
    ]);
    expect(named(frame)).toEqual([]);
  });

  test('can be taken since a count only', () => {
    const frame = rootFrame();
    const [a, b] = [() => 'a', () => 'b'];
    frame.addDisposer(a);
    const before = frame.disposerCount;
    frame.addDisposer(b);

    expect(named(frame, before)).toEqual([[b, 'root']]);
    expect(named(frame)).toEqual([[a, 'root']]);
  });

  test('are refused where they are none, and after the end', () => {
    const frame = rootFrame();
    const wrong = errorOf(() => {
      frame.addDisposer(misuse({ dispose: () => undefined }));
    });
    expect({ code: wrong.code, path: wrong.path }).toEqual({ code: 'OPTION_INVALID', path: 'root' });
    frame.closeDisposal();
    const late = errorOf(() => {
      frame.addDisposer(() => undefined);
    });

    expect({ code: late.code, path: late.path }).toEqual({ code: 'CONTEXT_DISPOSED', path: 'root' });
  });
});
