import { describe, expect, test, vi } from 'vitest';
import { ItemTrace } from '../../../src/lineage/item-trace.js';
import type { Contributors, TracedPlace } from '../../../src/lineage/item-trace.js';
import { MemoryLineageSink } from '../../../src/lineage/memory-lineage-sink.js';
import type { LineageOutcome } from '../../../src/ports/lineage-sink.js';

/** A node as lineage writes it down. */
function at(nodeId: string): TracedPlace {
  return { nodeId, path: `orders/${nodeId}`, pipelineId: 'p1', pipelineName: 'orders', runId: 'r1' };
}

function traced(contributors?: Contributors): { trace: ItemTrace; sink: MemoryLineageSink } {
  const sink = new MemoryLineageSink();
  return { trace: new ItemTrace('item-1', contributors, sink), sink };
}

function ended(outcome: LineageOutcome, nodeId = 'save') {
  return { outcome, place: at(nodeId), attempts: 1 };
}

describe('an item that goes one way', () => {
  test('leaves one frozen terminal record with the nodes it passed', () => {
    const { trace, sink } = traced();
    trace.pass(at('read'), 1, 1);
    trace.pass(at('save'), 0, 2);
    void trace.end({ outcome: 'emitted', place: at('save'), attempts: 2 });

    expect(sink.records).toEqual([
      {
        correlationId: 'item-1',
        path: 'orders/save',
        pipelineId: 'p1',
        pipelineName: 'orders',
        runId: 'r1',
        outcome: 'emitted',
        terminal: true,
        traversal: [
          expect.objectContaining({ nodeId: 'read', outputs: 1, cardinality: 'one', attempts: 1 }),
          expect.objectContaining({ nodeId: 'save', outputs: 0, cardinality: 'zero', attempts: 2 }),
        ],
        attempts: 2,
        at: expect.any(Number) as number,
      },
    ]);
    expect(Object.isFrozen(sink.records[0]) && Object.isFrozen(sink.records[0]?.traversal)).toBe(true);
  });

  test('names hops as tools do, with how many items came out', () => {
    const { trace } = traced();
    for (const outputs of [0, 1, 3]) trace.pass(at('split'), outputs, 1);

    expect(trace.hops[0]).toMatchObject({ qualifiedName: 'orders::split', path: 'orders/split', inputs: 1 });
    expect(trace.hops.map(({ cardinality }) => cardinality)).toEqual(['zero', 'one', 'many']);
  });

  test('names the items that it was made of', () => {
    const { trace, sink } = traced({ ids: ['a', 'b'], count: 3 });
    void trace.end(ended('emitted'));

    expect(sink.records[0]).toMatchObject({ contributors: ['a', 'b'], contributorCount: 3 });
  });

  test('gives back what the sink gives, so that it can be awaited', () => {
    const trace = new ItemTrace('item-1', undefined, { record: () => 'a promise, say' });

    expect(trace.end(ended('emitted'))).toBe('a promise, say');
  });

  test('tells when it is closed', () => {
    const onClosed = vi.fn();
    const trace = new ItemTrace('item-1', undefined, new MemoryLineageSink(), [], onClosed);
    trace.split(1);
    void trace.end(ended('emitted'));
    expect(onClosed).not.toHaveBeenCalled();
    void trace.end(ended('emitted'));

    expect(onClosed).toHaveBeenCalledExactlyOnceWith(trace);
  });
});

describe('an item that is split', () => {
  test('leaves its record when the last branch has ended', () => {
    const { trace, sink } = traced();
    trace.split(2);
    void trace.end(ended('emitted'));
    void trace.end(ended('emitted'));
    expect(sink.records).toHaveLength(0);
    void trace.end(ended('emitted'));

    expect(sink.records).toHaveLength(1);
  });

  test('ends as the weightiest of its branches, whichever ended first', () => {
    const weights: readonly LineageOutcome[] = [
      'dropped',
      'filtered',
      'aggregated',
      'emitted',
      'deadLettered',
      'error',
    ];
    weights.forEach((heavier, index) => {
      for (const lighter of weights.slice(0, index)) {
        for (const order of [
          [heavier, lighter],
          [lighter, heavier],
        ]) {
          const { trace, sink } = traced();
          trace.split(1);
          for (const outcome of order) void trace.end(ended(outcome, outcome));
          expect(sink.records.map(({ outcome, path }) => [outcome, path])).toEqual([
            [heavier, `orders/${heavier}`],
          ]);
        }
      }
    });
  });

  test('keeps the first of two ends that weigh the same', () => {
    const { trace, sink } = traced();
    trace.split(1);
    void trace.end(ended('emitted', 'first'));
    void trace.end(ended('emitted', 'second'));

    expect(sink.records[0]?.path).toBe('orders/first');
  });

  test('releases a branch that others have followed without an end of its own', () => {
    const { trace, sink } = traced();
    trace.split(1);
    void trace.end(ended('emitted'));
    void trace.release();

    expect(sink.records.map(({ outcome }) => outcome)).toEqual(['emitted']);
  });

  test('writes nothing where every branch was only released', () => {
    const { trace, sink } = traced();
    void trace.release();

    expect(sink.records).toEqual([]);
  });

  test('is dropped as a whole when the run is over, once', () => {
    const { trace, sink } = traced();
    trace.split(3);
    void trace.end(ended('filtered'));
    void trace.drop(at('orders'));
    void trace.drop(at('orders'));

    expect(sink.records.map(({ outcome }) => outcome)).toEqual(['filtered']);
  });

  test('that ended nowhere is dropped', () => {
    const { trace, sink } = traced();
    void trace.drop(at('orders'));

    expect(sink.records.map(({ outcome }) => outcome)).toEqual(['dropped']);
  });
});

describe('an item in the child of a composite', () => {
  test('is followed by a trace that writes nothing and says how the child ended it', () => {
    const { trace, sink } = traced();
    const inner = trace.descend();
    inner.pass(at('check'), 0, 1);
    void inner.end(ended('filtered', 'check'));

    expect([trace.isInner, inner.isInner]).toEqual([false, true]);
    expect(inner.correlationId).toBe('item-1');
    expect(inner.ending).toMatchObject({ outcome: 'filtered', place: { nodeId: 'check' } });
    expect(sink.records).toEqual([]);
    expect(trace.hops.map(({ nodeId }) => nodeId)).toEqual(['check']);
  });

  test('has the composite before the hops of its child', () => {
    const { trace } = traced();
    trace.pass(at('read'), 1, 1);
    const before = trace.hops.length;
    trace.descend().pass(at('check'), 1, 1);
    trace.passComposite(at('validate'), before, 2, 3);

    expect(trace.hops.map(({ nodeId }) => nodeId)).toEqual(['read', 'validate', 'check']);
    expect(trace.hops[1]).toMatchObject({ outputs: 2, cardinality: 'many', attempts: 3 });
  });

  test('forgets the hops of a try that failed: those that its child has added, at any depth', () => {
    const { trace } = traced();
    trace.pass(at('read'), 1, 1);
    const child = trace.descend();
    child.pass(at('validate/input'), 1, 1);
    child.descend().pass(at('validate/check/input'), 1, 1);
    trace.rewind(child);

    expect(trace.hops.map(({ path }) => path)).toEqual(['orders/read']);
  });

  test('keeps those of another branch, also in the same composite', () => {
    const { trace } = traced();
    trace.split(1);
    const [failed, other] = [trace.descend(), trace.descend()];
    other.pass(at('validate/input'), 1, 1);
    failed.pass(at('validate/input'), 1, 1);
    other.pass(at('validate/check'), 1, 1);
    trace.rewind(failed);

    expect(trace.hops.map(({ path }) => path)).toEqual(['orders/validate/input', 'orders/validate/check']);
  });
});
