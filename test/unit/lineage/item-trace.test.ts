import { describe, expect, test } from 'vitest';
import { ItemOutputs } from '../../../src/lineage/item-outputs.js';
import type { LineageOutcome } from '../../../src/ports/lineage-sink.js';
import { TracedRun } from '../support/traces.js';

const pathsOf = (run: TracedRun): (string[] | undefined)[] =>
  run.sink.records.map(({ traversal }) => traversal.map(({ path }) => path));

const outcomesOf = (run: TracedRun): string[] => run.sink.records.map(({ outcome }) => outcome);

describe('an item that goes one way', () => {
  test('leaves one frozen terminal record with the nodes it passed', () => {
    const run = new TracedRun();
    const trace = run.follow();
    void trace.pass(...run.at('read'), 1, 1);
    void trace.pass(...run.at('save'), 0, 2);
    void trace.end('emitted', ...run.at('save'), 2);

    expect(run.sink.records).toEqual([
      {
        correlationId: 'r1#1',
        path: 'orders/save',
        pipelineId: expect.any(String) as string,
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
    const [record] = run.sink.records;
    expect(Object.isFrozen(record) && Object.isFrozen(record?.traversal)).toBe(true);
  });

  test('names hops as tools do, with how many items came out', () => {
    const run = new TracedRun();
    const trace = run.follow();
    for (const outputs of [0, 1, 3]) void trace.pass(...run.at('split'), outputs, 1);
    run.end(trace, 'emitted');

    const hops = run.sink.records[0]?.traversal ?? [];
    expect(hops[0]).toMatchObject({ qualifiedName: 'orders::split', path: 'orders/split', inputs: 1 });
    expect(hops.map(({ cardinality }) => cardinality)).toEqual(['zero', 'one', 'many']);
  });

  test('has the traversal of all items that went the same way', () => {
    const run = new TracedRun();
    for (const attempts of [1, 1, 2]) {
      const trace = run.follow();
      void trace.pass(...run.at('read'), 1, 1);
      void trace.pass(...run.at('save'), 0, attempts);
      run.end(trace, 'emitted');
    }

    const [first, second, third] = run.sink.records.map(({ traversal }) => traversal);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(third?.[0]).toBe(first?.[0]);
  });

  test('names the items that it was made of', () => {
    const run = new TracedRun();
    const made = run.lineage.followMade('sum', { ids: ['a', 'b'], count: 3 });
    if (made !== undefined) run.end(made, 'emitted');

    expect(run.sink.records[0]).toMatchObject({ contributors: ['a', 'b'], contributorCount: 3 });
  });
});

describe('a way of more than 1,000 hops', () => {
  test('keeps the first and the latest 500, and counts what is left out', () => {
    for (const hops of [999, 1000, 1001, 1500, 1501, 2345]) {
      const run = new TracedRun();
      const trace = run.follow();
      for (let hop = 1; hop <= hops; hop += 1) void trace.pass(...run.at(`n${String(hop)}`), 1, 1);
      run.end(trace, 'emitted');

      const [record] = run.sink.records;
      const lost = Math.max(0, hops - 1000);
      expect(record?.hopsLost ?? 0).toBe(lost);
      const kept = Array.from(
        { length: hops - lost },
        (_, at) => `n${String(at < 500 ? at + 1 : at + lost + 1)}`,
      );
      expect(record?.traversal.map(({ nodeId }) => nodeId)).toEqual(kept);
    }
  });
});

describe('an item that is split', () => {
  test('leaves its record when the last branch has ended', () => {
    const run = new TracedRun();
    const first = run.follow();
    const [second, third] = [first.fork(), first.fork()];
    run.end(first, 'emitted');
    run.end(second, 'emitted');
    expect(run.sink.records).toHaveLength(0);
    run.end(third, 'emitted');

    expect(run.sink.records).toHaveLength(1);
  });

  test('ends as the weightiest of its branches, with the way of that, whichever ended first', () => {
    const weights: readonly (readonly LineageOutcome[])[] = [
      ['dropped'],
      ['filtered'],
      ['aggregated', 'joined'],
      ['emitted'],
      ['deadLettered'],
      ['error'],
    ];
    weights.forEach((heavier, index) => {
      for (const heavy of heavier)
        for (const light of weights.slice(0, index).flat())
          for (const order of [
            [heavy, light],
            [light, heavy],
          ]) {
            const run = new TracedRun();
            const first = run.follow();
            const branches = [first, first.fork()];
            for (const [at, outcome] of order.entries()) {
              const branch = branches[at] ?? first;
              void branch.pass(...run.at(outcome), 1, 1);
              run.end(branch, outcome, outcome);
            }
            expect(run.sink.records.map(({ outcome, path }) => [outcome, path])).toEqual([
              [heavy, `orders/${heavy}`],
            ]);
            expect(pathsOf(run)).toEqual([[`orders/${heavy}`]]);
          }
    });
  });

  test('keeps the last of ends that weigh the same', () => {
    const weights: readonly (readonly [LineageOutcome, LineageOutcome])[] = [
      ['emitted', 'emitted'],
      ['aggregated', 'joined'],
      ['joined', 'aggregated'],
    ];
    for (const [one, other] of weights) {
      const run = new TracedRun();
      const first = run.follow();
      const second = first.fork();
      run.end(first, one, 'first');
      run.end(second, other, 'second');

      expect(run.sink.records.map(({ outcome, path }) => [outcome, path])).toEqual([
        [other, 'orders/second'],
      ]);
    }
  });

  test('releases a branch that others have followed without an end of its own', () => {
    const run = new TracedRun();
    const first = run.follow();
    const second = first.fork();
    run.end(first, 'emitted');
    void second.leave();

    expect(outcomesOf(run)).toEqual(['emitted']);
  });

  test('is dropped as a whole when the run is over, once', async () => {
    const run = new TracedRun();
    const first = run.follow();
    const [second] = [first.fork(), first.fork()];
    run.end(first, 'filtered');
    await run.lineage.dropAll(...run.at('end'));
    await run.lineage.dropAll(...run.at('end'));
    run.end(second, 'emitted');

    expect(outcomesOf(run)).toEqual(['filtered']);
  });

  test('that ended nowhere is dropped, the eldest first', async () => {
    const run = new TracedRun();
    for (const item of ['one', 'two']) void run.follow(item).pass(...run.at('read'), 1, 1);
    await run.lineage.dropAll(...run.at('end'));

    expect(run.sink.records.map(({ correlationId, outcome }) => [correlationId, outcome])).toEqual([
      ['r1#1', 'dropped'],
      ['r1#2', 'dropped'],
    ]);
    expect(pathsOf(run)).toEqual([['orders/read'], ['orders/read']]);
    expect(run.lineage.hasOpen).toBe(false);
  });
});

describe('an item in the child of a composite', () => {
  test('leaves no record of its own, and knows how the child ended it', () => {
    const run = new TracedRun();
    const trace = run.follow();
    const inner = trace.enter(...run.at('child'), 'item');
    void inner.pass(...run.at('child/check'), 0, 1);
    run.end(inner, 'filtered', 'child/check');

    expect([trace.isInner, inner.isInner]).toEqual([false, true]);
    expect(inner.correlationId).toBe('r1#1');
    expect(inner.item.ending).toMatchObject({ outcome: 'filtered', place: { site: { id: 'check' } } });
    expect(run.sink.records).toEqual([]);
  });

  test('has the composite before the hops of its child', () => {
    const run = new TracedRun();
    const trace = run.follow();
    void trace.pass(...run.at('read'), 1, 1);
    const inner = trace.enter(...run.at('validate'), 'item');
    void inner.pass(...run.at('validate/check'), 1, 1);
    void trace.passComposite(inner, inner, 2, 3, undefined);
    run.end(trace, 'emitted');

    expect(pathsOf(run)).toEqual([['orders/read', 'orders/validate', 'orders/validate/check']]);
    expect(run.sink.records[0]?.traversal[1]).toMatchObject({ outputs: 2, cardinality: 'many', attempts: 3 });
  });

  test('that failed leaves no hops where the item goes on', () => {
    const run = new TracedRun();
    const trace = run.follow();
    void trace.pass(...run.at('read'), 1, 1);
    const failed = trace.enter(...run.at('validate'), 'item');
    void failed.pass(...run.at('validate/input'), 1, 1);
    const again = trace.enter(...run.at('validate'), 'item');
    void again.pass(...run.at('validate/check'), 1, 1);
    void trace.passComposite(again, again, 1, 2, 'item');
    run.end(trace, 'emitted');

    expect(pathsOf(run)).toEqual([['orders/read', 'orders/validate', 'orders/validate/check']]);
  });

  test('counts with the ends of its other branches', () => {
    const run = new TracedRun();
    const trace = run.follow();
    const inner = trace.enter(...run.at('child'), 'item');
    run.end(inner.fork(), 'deadLettered', 'child/check');
    void trace.passComposite(inner, inner, 1, 1, 'item');
    run.end(trace, 'emitted');

    expect(outcomesOf(run)).toEqual(['deadLettered']);
  });
});

describe('the outputs of a composite under many', () => {
  /** Outputs that leave while the child runs. */
  function liveOutputs() {
    const run = new TracedRun({ capture: 'all' });
    const trace = run.follow();
    void trace.pass(...run.at('read'), 1, 1);
    const inner = trace.enter(...run.at('child'), 'item');
    const outputs = new ItemOutputs(...run.at('child'), trace, inner, false);
    const ended = (count: number): void => {
      void trace.passComposite(inner, outputs.latestBranch, count, 1, undefined);
      void outputs.settle();
      void outputs.end(1);
    };
    const idsAndEnds = (): readonly string[] =>
      run.sink.records
        .filter(({ terminal }) => terminal)
        .map(({ correlationId, outcome, path }) => `${correlationId} ${outcome} ${path}`);
    return { run, inner, outputs, ended, idsAndEnds };
  }

  test('two are items of their own, made of the one that was taken', () => {
    const { run, inner, outputs, ended, idsAndEnds } = liveOutputs();
    for (const output of ['a', 'b']) run.end(outputs.next(output, inner), 'emitted');
    ended(2);

    expect(idsAndEnds()).toEqual([
      'r1#1.1 emitted orders/save',
      'r1#1.2 emitted orders/save',
      'r1#1 emitted orders/child',
    ]);
    expect(run.sink.terminal('r1#1.2')).toMatchObject({ contributors: ['r1#1'], contributorCount: 1 });
    expect(run.sink.terminal('r1#1.2')?.traversal.map(({ path }) => path)).toEqual(['orders/child']);
  });

  test('one is the item that was taken: its records wait until that is known', () => {
    const { run, inner, outputs, ended, idsAndEnds } = liveOutputs();
    const only = outputs.next('a', inner);
    void only.pass(...run.at('save'), 0, 1);
    run.end(only, 'emitted');
    expect(idsAndEnds()).toEqual([]);
    ended(1);

    expect(idsAndEnds()).toEqual(['r1#1 emitted orders/save']);
    expect(new Set(run.sink.records.map(({ correlationId }) => correlationId))).toEqual(new Set(['r1#1']));
    expect(run.sink.terminal('r1#1')?.traversal.map(({ path }) => path)).toEqual([
      'orders/read',
      'orders/child',
      'orders/save',
    ]);
  });

  test('one that is still on its way when the child ends goes on as the item that was taken', () => {
    const { run, inner, outputs, ended, idsAndEnds } = liveOutputs();
    const only = outputs.next('a', inner);
    ended(1);
    run.end(only, 'filtered', 'later');

    expect(idsAndEnds()).toEqual(['r1#1 filtered orders/later']);
  });

  test('one whose id somebody has asked for is an item of its own', () => {
    const { run, inner, outputs, ended, idsAndEnds } = liveOutputs();
    const only = outputs.next('a', inner);
    expect(only.correlationId).toBe('r1#1.1');
    run.end(only, 'emitted');
    ended(1);

    expect(idsAndEnds()).toEqual(['r1#1.1 emitted orders/save', 'r1#1 emitted orders/child']);
  });

  test('in the child of another composite are branches of its item', () => {
    const run = new TracedRun();
    const trace = run.follow();
    const child = trace.enter(...run.at('child'), 'item');
    const inner = child.enter(...run.at('child/many'), 'item');
    const outputs = new ItemOutputs(...run.at('child/many'), child, inner, false);
    const [one, other] = [outputs.next('a', inner), outputs.next('b', inner)];

    expect([one.correlationId, other.correlationId]).toEqual(['r1#1', 'r1#1']);
    expect([one.isInner, other.isInner]).toEqual([true, true]);
  });
});
