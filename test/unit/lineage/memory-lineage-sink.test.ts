import { beforeEach, expect, test } from 'vitest';
import { MemoryLineageSink } from '../../../src/lineage/memory-lineage-sink.js';
import type { LineageRecord } from '../../../src/ports/lineage-sink.js';

function record(
  correlationId: string,
  path: string,
  terminal: boolean,
  passed: readonly string[],
): LineageRecord {
  const place = { pipelineId: 'p1', pipelineName: 'orders' };
  return {
    ...place,
    correlationId,
    path,
    runId: 'r1',
    outcome: 'emitted',
    terminal,
    traversal: passed.map((hop) => ({
      ...place,
      nodeId: hop,
      path: hop,
      qualifiedName: hop,
      inputs: 1,
      outputs: 1,
      cardinality: 'one',
      attempts: 1,
    })),
    attempts: 1,
    at: Date.now(),
  };
}

const onItsWay = record('a', 'orders/check', false, ['orders/read']);
const ended = record('a', 'orders/save', true, ['orders/read', 'orders/check']);
const other = record('b', 'orders/drop', true, ['orders/read']);
let sink: MemoryLineageSink;

beforeEach(() => {
  sink = new MemoryLineageSink();
  for (const each of [onItsWay, ended, other]) sink.record(each);
});

test('keeps every record in the order of arrival', () => {
  expect(sink.records).toEqual([onItsWay, ended, other]);
});

test('tells the history of one item, and how it ended', () => {
  expect(sink.history('a')).toEqual([onItsWay, ended]);
  expect(sink.terminal('a')).toBe(ended);
  expect([sink.history('z'), sink.terminal('z')]).toEqual([[], undefined]);
});

test('finds the records of items that passed or ended at a node', () => {
  expect(sink.passedThrough('orders/check')).toEqual([onItsWay, ended]);
  expect(sink.passedThrough('orders/drop')).toEqual([other]);
  expect(sink.passedThrough('orders/nowhere')).toEqual([]);
});

test('is empty when cleared', () => {
  sink.clear();

  expect(sink.records).toEqual([]);
});
