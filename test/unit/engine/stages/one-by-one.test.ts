import { describe, expect, test } from 'vitest';
import { OneByOne } from '../../../../src/engine/stages/one-by-one.js';

describe('those who hand something on', () => {
  test('do so one at a time, in the order in which they came', async () => {
    const turns = new OneByOne();
    const log: string[] = [];
    let open = (): void => undefined;
    const first = turns.send({
      emit: () => {
        log.push('first');
        return new Promise((resolve) => (open = resolve));
      },
    });
    const later = ['second', 'third'].map((name) =>
      turns.send({
        emit: () => {
          log.push(name);
          return undefined;
        },
      }),
    );

    expect(log).toEqual(['first']);
    expect(turns.isBusy).toBe(true);
    open();
    await Promise.all([first, ...later]);
    expect(log).toEqual(['first', 'second', 'third']);
    expect(turns.isBusy).toBe(false);
  });

  test('do so at once where nobody else does', () => {
    expect(new OneByOne().send({ emit: () => undefined })).toBeUndefined();
  });
});
