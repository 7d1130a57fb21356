import { describe, expect, test } from 'vitest';
import { EdgeIndex } from '../../../src/graph/edge-index.js';

describe('an index of edges', () => {
  test('finds the edges of a node from both ends, in the order in which they were added', () => {
    const index = new EdgeIndex([{ from: 'a', to: 'c' }]);
    index.add({ from: 'a', to: 'b' });
    index.add({ from: 'b', to: 'c' });

    expect([...index.targetsOf('a')]).toEqual(['c', 'b']);
    expect([index.inputsOf('c'), index.inputsOf('b'), index.inputsOf('a')]).toEqual([2, 1, 0]);
    expect([index.has({ from: 'a', to: 'b' }), index.has({ from: 'b', to: 'a' })]).toEqual([true, false]);
    expect([...index.targetsOf('nobody')]).toEqual([]);
  });

  test('holds an edge once, frozen', () => {
    const index = new EdgeIndex();
    index.add({ from: 'a', to: 'b' });
    index.add({ from: 'a', to: 'b' });

    expect([index.edges, index.inputsOf('b')]).toEqual([[{ from: 'a', to: 'b' }], 1]);
    expect(Object.isFrozen(index.edges[0])).toBe(true);
  });
});
