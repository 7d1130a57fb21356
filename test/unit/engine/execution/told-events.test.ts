import { describe, expect, test } from 'vitest';
import { ToldEvents } from '../../../../src/engine/execution/told-events.js';

const origin = { pipelineName: 'root', path: 'root', runId: 'r-1', pipelineId: 'p-1' };
const ofNode = ['root/node', 'node', {}] as const;
const ofChild = ['root/child', 'child', { childPipelineId: 'p-2', attempt: 1 }] as const;
const ofPipeline = ['root', '', {}] as const;
const started = { path: 'root/child', nodeId: 'child', childPipelineId: 'p-2', attempt: 1 };

describe('what an observer is told of one execution', () => {
  test('is one end for each start', () => {
    const told = new ToldEvents<string>(origin);
    expect(told.admits('nodeCompleted', ...ofNode)).toBe(false);
    expect(told.admits('nodeStarted', ...ofNode)).toBe(true);
    expect(told.openNodes).toEqual([{ path: 'root/node', nodeId: 'node' }]);
    expect(told.admits('nodeCompleted', ...ofNode)).toBe(true);
    expect(told.admits('nodeCompleted', ...ofNode)).toBe(false);
    expect(told.admits('compositeCompleted', ...ofChild)).toBe(false);
    expect(told.admits('compositeStarted', ...ofChild)).toBe(true);
    expect(told.openChildren).toEqual([{ ...started, execution: undefined }]);
    expect(told.admits('compositeCompleted', ...ofChild)).toBe(true);
    expect(told.admits('compositeCompleted', ...ofChild)).toBe(false);
    expect(told.openChildren).toEqual([]);
  });

  test('is the execution of a child that it knows of, as long as that has not ended', () => {
    const told = new ToldEvents<string>(origin);
    expect(told.adopt('p-2', 'execution')).toBe(false);
    told.admits('compositeStarted', ...ofChild);
    expect(told.adopt('p-2', 'execution')).toBe(true);
    expect(told.openChildren).toEqual([{ ...started, execution: 'execution' }]);
    told.admits('compositeCompleted', ...ofChild);
    expect(told.adopt('p-2', 'execution')).toBe(false);
  });

  test('ends nodes in any order', () => {
    const told = new ToldEvents<string>(origin);
    for (const id of ['a', 'b', 'c']) told.admits('nodeStarted', `root/${id}`, id, {});
    expect(told.admits('nodeCompleted', 'root/b', 'b', {})).toBe(true);
    expect(told.admits('nodeCompleted', 'root/b', 'b', {})).toBe(false);
    expect(told.openNodes.map(({ nodeId }) => nodeId)).toEqual(['a', 'c']);
    expect(told.admits('nodeCompleted', 'root/a', 'a', {})).toBe(true);
    expect(told.openNodes.map(({ nodeId }) => nodeId)).toEqual(['c']);
  });

  test('has no start after the end of the execution, which comes once; of an item it may still be', () => {
    const told = new ToldEvents<string>(origin);
    expect(told.isOver).toBe(false);
    expect(told.admits('pipelineFailed', ...ofPipeline)).toBe(true);
    expect(told.isOver).toBe(true);
    expect(told.admits('pipelineFailed', ...ofPipeline)).toBe(false);
    expect(told.admits('pipelineCompleted', ...ofPipeline)).toBe(false);
    expect(told.admits('nodeStarted', ...ofNode)).toBe(false);
    expect(told.admits('compositeStarted', ...ofChild)).toBe(false);
    expect(told.admits('itemDeadLettered', ...ofNode)).toBe(true);
  });
});
