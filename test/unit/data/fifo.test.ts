import { describe, expect, test } from 'vitest';
import { Fifo } from '../../../src/data/fifo.js';

describe('a fifo', () => {
  test('gives entries in the order in which they came, also after many have left', () => {
    const fifo = new Fifo<number>();
    const taken: (number | undefined)[] = [];
    for (let number = 0; number < 5_000; number += 1) {
      fifo.add(number);
      if (number % 3 > 0) taken.push(fifo.take());
    }
    while (fifo.size > 0) taken.push(fifo.take());

    expect(taken).toEqual([...Array(5_000).keys()]);
    expect(fifo.take()).toBeUndefined();
    expect(fifo.size).toBe(0);
  });

  test('is as good as new once it was empty', () => {
    const fifo = new Fifo<string>();
    fifo.add('a');
    fifo.take();
    fifo.take();
    fifo.add('b');

    expect([fifo.size, fifo.take()]).toEqual([1, 'b']);
  });
});
