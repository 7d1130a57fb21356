import { describe, expect, it } from 'vitest';
import { MemoryLineageSink } from '../../../src/lineage/memory-lineage-sink.js';
import type { LineageHop, LineageRecord } from '../../../src/ports/lineage-sink.js';

function hop(path: string): LineageHop {
  return {
    nodeId: path,
    path,
    pipelineId: 'p1',
    pipelineName: 'orders',
    qualifiedName: path,
    inputs: 1,
    outputs: 1,
    cardinality: 'one',
    attempts: 1,
  };
}

/** The record of an item that ended, having passed some nodes. */
function ended(correlationId: string, more: Partial<LineageRecord> = {}): LineageRecord {
  return {
    correlationId,
    path: 'orders/save',
    pipelineId: 'p1',
    pipelineName: 'orders',
    runId: 'r1',
    outcome: 'emitted',
    terminal: true,
    traversal: [hop('orders/read')],
    attempts: 1,
    at: 1,
    ...more,
  };
}

/** The record of an item on its way. */
function passed(correlationId: string, path: string): LineageRecord {
  return ended(correlationId, { path, outcome: 'passed', terminal: false, traversal: [hop(path)] });
}

function sinkWith(records: readonly LineageRecord[], maxItems?: number): MemoryLineageSink {
  const sink = new MemoryLineageSink({ maxItems });
  for (const record of records) sink.record(record);
  return sink;
}

const idsOf = (records: readonly LineageRecord[]): string[] => records.map((record) => record.correlationId);

describe('a full sink in memory', () => {
  it('drops the items that ended first, with all of their records', () => {
    const sink = sinkWith(
      [ended('a'), passed('b', 'orders/check'), ended('c'), ended('b'), ended('d'), ended('e')],
      3,
    );

    expect(idsOf(sink.records)).toEqual(['b', 'b', 'd', 'e']);
    expect(sink.history('a')).toEqual([]);
    expect(idsOf(sink.passedThrough('orders/save'))).toEqual(['b', 'd', 'e']);
    expect(idsOf(sink.passedThrough('orders/check'))).toEqual(['b']);
  });

  it('keeps an item that is on its way, however many others end meanwhile', () => {
    const sink = sinkWith([passed('slow', 'orders/check')], 2);
    for (let number = 0; number < 100; number += 1) sink.record(ended(String(number)));

    expect(sink.unresolved()).toEqual(['slow']);
    sink.record(ended('slow'));
    for (let number = 100; number < 103; number += 1) sink.record(ended(String(number)));
    expect(idsOf(sink.records)).toEqual(['101', '102']);
    expect(sink.unresolved()).toEqual([]);
  });

  it('drops those that came first where none has ended', () => {
    const sink = sinkWith(
      ['a', 'b', 'c'].map((id) => passed(id, 'orders/check')),
      2,
    );

    expect(sink.unresolved()).toEqual(['b', 'c']);
  });

  it('counts an item that ended again, in a replay, as one of the latest', () => {
    const sink = sinkWith([ended('a', { outcome: 'deadLettered' }), ended('b'), ended('a'), ended('c')], 2);

    expect(sink.history('b')).toEqual([]);
    expect(sink.terminal('a')?.outcome).toBe('emitted');
  });

  it('holds 10,000 items by default', () => {
    const sink = new MemoryLineageSink();
    for (let number = 0; number < 100_000; number += 1) {
      const record = ended(String(number));
      sink.record(record);
    }

    expect(sink.records).toHaveLength(10_000);
    expect(sink.records[0]?.correlationId).toBe('90000');
  });
});

describe('a sink in memory', () => {
  it('answers many questions about many items quickly', () => {
    const sink = new MemoryLineageSink();
    for (let number = 0; number < 10_000; number += 1)
      sink.record(ended(String(number), { key: `k${String(number)}`, path: `orders/${String(number)}` }));
    sink.unresolved();

    const start = performance.now();
    let found = 0;
    for (let number = 0; number < 10_000; number += 1) {
      found += sink.history(String(number)).length;
      found += sink.byKey(`k${String(number)}`).length;
      found += sink.passedThrough(`orders/${String(number)}`).length;
    }
    // Going through all records for each question would take ten times as long as this.
    expect(performance.now() - start).toBeLessThan(2000);
    expect(found).toBe(30_000);
  });

  it('gives the very records that it got, and is empty when cleared', () => {
    const record = ended('a');
    const sink = sinkWith([record]);

    expect(sink.terminal('a')).toBe(record);
    sink.clear();
    expect(sink.records).toEqual([]);
    expect(sink.terminal('a')).toBeUndefined();
  });

  it('refuses options that are wrong', () => {
    expect(() => new MemoryLineageSink({ maxItems: 0 })).toThrow(/'maxItems' must be a whole number above 0/);
    const sink = new MemoryLineageSink();
    expect(() => sink.prune({} as never)).toThrow(/'before' must be/);
    expect(() => sink.forget({})).toThrow(/'runId', 'tenantId' or both was expected/);
    expect(() => sink.forget({ run: 'r1' } as never)).toThrow(/was expected/);
  });
});
