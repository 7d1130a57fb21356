import { describe, expect, test } from 'vitest';
import { ToldEvents } from '../../../../src/engine/execution/told-events.js';

function toldOf(nodes: readonly string[] = []): ToldEvents<string, string> {
  const told = new ToldEvents<string, string>('root', 'root', 'r-1', 'p-1', 'acme', undefined);
  told.startNodes(nodes);
  return told;
}

describe('what is told of one execution', () => {
  test('is one end for each start of a node', () => {
    const told = toldOf();
    expect(told.endNode('node')).toBe(false);
    expect(told.startNodes(['node'])).toBe(true);
    expect(told.openNodes).toEqual(['node']);
    expect(told.endNode('node')).toBe(true);
    expect(told.endNode('node')).toBe(false);
    expect(told.openNodes).toEqual([]);
  });

  test('is one end for each start of a child', () => {
    const told = toldOf();
    expect(told.endChild('p-2')).toBe(false);
    expect(told.startChild('child', 'p-2', 1, 7)).toBe(true);
    const child = { node: 'child', childPipelineId: 'p-2', attempt: 1, at: 7 };
    expect(told.openChildren).toEqual([{ ...child, execution: undefined }]);
    expect(told.endChild('p-2')).toBe(true);
    expect(told.endChild('p-2')).toBe(false);
    expect(told.openChildren).toEqual([]);
  });

  test('is the execution of a child that it knows of, as long as that has not ended', () => {
    const told = toldOf();
    expect(told.adopt('p-2', 'execution')).toBeUndefined();
    told.startChild('child', 'p-2', 1, 7);
    expect(told.adopt('p-2', 'execution')).toBe(7);
    expect(told.openChildren.map(({ execution }) => execution)).toEqual(['execution']);
    told.endChild('p-2');
    expect(told.adopt('p-2', 'execution')).toBeUndefined();
  });

  test('ends nodes in any order', () => {
    const nodes = ['a', 'b', 'c', 'd'];
    for (const order of ['abcd', 'dcba', 'bdac', 'cabd', 'adbc']) {
      const told = toldOf(nodes);
      const open = new Set(nodes);
      for (const node of order) {
        expect(told.endNode(node)).toBe(true);
        open.delete(node);
        for (const each of nodes) if (!open.has(each)) expect(told.endNode(each)).toBe(false);
        expect(told.openNodes).toEqual([...open]);
      }
    }
  });

  test('has no start after the end of the execution, which comes once', () => {
    const told = toldOf();
    expect(told.isOver).toBe(false);
    expect(told.end()).toBe(true);
    expect(told.isOver).toBe(true);
    expect(told.end()).toBe(false);
    expect(told.startNodes(['node'])).toBe(false);
    expect(told.startChild('child', 'p-2', 1, 7)).toBe(false);
  });
});
