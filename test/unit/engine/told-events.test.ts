import { describe, expect, test } from 'vitest';
import { ToldEvents } from '../../../src/engine/told-events.js';

const ofNode = { nodeId: 'node' };
const ofChild = { nodeId: 'child', childPipelineId: 'p-2', attempt: 1 };

describe('what an observer is told of one execution', () => {
  test('is one end for each start', () => {
    const told = new ToldEvents('root', 'root');
    expect(told.admits('nodeCompleted', 'root/node', ofNode)).toBe(false);
    expect(told.admits('nodeStarted', 'root/node', ofNode)).toBe(true);
    expect(told.openNodes).toEqual([['root/node', 'node']]);
    expect(told.admits('nodeCompleted', 'root/node', ofNode)).toBe(true);
    expect(told.admits('nodeCompleted', 'root/node', ofNode)).toBe(false);
    expect(told.admits('compositeCompleted', 'root/child', ofChild)).toBe(false);
    expect(told.admits('compositeStarted', 'root/child', ofChild)).toBe(true);
    expect(told.openChildren).toEqual([['p-2', { path: 'root/child', nodeId: 'child', attempt: 1 }]]);
    expect(told.admits('compositeCompleted', 'root/child', ofChild)).toBe(true);
    expect(told.admits('compositeCompleted', 'root/child', ofChild)).toBe(false);
    expect(told.openChildren).toEqual([]);
  });

  test('has no start after the end of the execution, which comes once; of an item it may still be', () => {
    const told = new ToldEvents('root', 'root');
    expect(told.isOver).toBe(false);
    expect(told.admits('pipelineFailed', 'root', {})).toBe(true);
    expect(told.isOver).toBe(true);
    expect(told.admits('pipelineFailed', 'root', {})).toBe(false);
    expect(told.admits('pipelineCompleted', 'root', {})).toBe(false);
    expect(told.admits('nodeStarted', 'root/node', ofNode)).toBe(false);
    expect(told.admits('compositeStarted', 'root/child', ofChild)).toBe(false);
    expect(told.admits('itemDeadLettered', 'root/node', ofNode)).toBe(true);
  });
});
