import { describe, expect, it } from 'vitest';
import { GatheredWrites } from '../../../src/storage/gathered-writes.js';

/** Writes that take until the next turn, and what was written together. */
function slowWrites(most?: number, sizeOf?: (entry: string) => number) {
  const batches: string[][] = [];
  const writes = new GatheredWrites<string>(
    async (entries) => {
      batches.push([...entries]);
      await new Promise((resolve) => setImmediate(resolve));
      if (entries.includes('bad')) throw new Error('refused');
    },
    most,
    sizeOf,
  );
  return { batches, writes };
}

describe('gathered writes', () => {
  it('write what comes at once, and what comes meanwhile, each together and in order', async () => {
    const { batches, writes } = slowWrites();
    const first = [writes.add('a'), writes.add('b')];
    await new Promise((resolve) => setTimeout(resolve, 0));
    const second = [writes.add('c'), writes.add('d')];
    await Promise.all([...first, ...second]);

    expect(batches.flat()).toEqual(['a', 'b', 'c', 'd']);
    expect(batches.length).toBeLessThan(4);
  });

  it('write no more together than fits', async () => {
    const { batches, writes } = slowWrites(6, (entry) => entry.length);
    await Promise.all(['aaaa', 'bbbb', 'c', 'dddddddd', 'e'].map(async (entry) => writes.add(entry)));

    expect(batches).toEqual([['aaaa', 'bbbb'], ['c', 'dddddddd'], ['e']]);
  });

  it('reject those of a batch that failed, and go on with the others', async () => {
    const { batches, writes } = slowWrites(1);
    const ends = await Promise.allSettled(['a', 'bad', 'c'].map(async (entry) => writes.add(entry)));

    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(batches).toEqual([['a'], ['bad'], ['c']]);
  });

  it('are all over when something else has its turn', async () => {
    const { batches, writes } = slowWrites();
    void writes.add('a');
    await writes.inTurn(() => Promise.resolve(batches.push(['turn'])));

    expect(batches).toEqual([['a'], ['turn']]);
  });
});
