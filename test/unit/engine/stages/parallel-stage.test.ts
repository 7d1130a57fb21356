import { describe, expect, test } from 'vitest';
import type { Execution } from '../../../../src/engine/execution/execution.js';
import { ParallelStage } from '../../../../src/engine/stages/parallel-stage.js';
import { NOTHING, Pending } from '../../../../src/engine/execution/pending.js';
import { WorkStage } from '../../../../src/engine/stages/work-stage.js';
import { deferred, execution, RecordingStage, settled, site } from '../../support/executions.js';
import type { Deferred } from '../../support/executions.js';

/** A node whose work on each item ends when the test says so. */
class ControlledStage extends WorkStage {
  readonly started: string[] = [];
  readonly works = new Map<string, Deferred<unknown>>();

  constructor(override readonly next: RecordingStage) {
    super(site, undefined);
  }

  /** Ends the work on an item. */
  finish(item: string, result: unknown = item): void {
    this.works.get(item)?.resolve(result);
  }

  override substitute(_execution: Execution, value: unknown): unknown {
    return value;
  }

  protected override attempt(_execution: Execution, item: unknown): unknown {
    this.started.push(String(item));
    if (String(item).startsWith('sync')) return item;
    const work = deferred<unknown>();
    this.works.set(String(item), work);
    const pending = new Pending();
    pending.work = work.promise.then((result) => pending.settle(result));
    return pending;
  }
}

function lanes(
  concurrency: number,
  ordered: boolean,
  waits: Record<string, Deferred> = {},
  readAhead = concurrency,
) {
  const next = new RecordingStage(waits);
  const stage = new ControlledStage(next);
  const parallel = new ParallelStage(stage, { concurrency, ordered, readAhead }, 3);
  const running = execution();
  return { next, stage, parallel, running, push: (item: string) => parallel.push(running, item, undefined) };
}

describe('several items under way', () => {
  test('start at once up to the limit; the one that fills it waits for a free place', async () => {
    const { stage, push } = lanes(2, true);
    expect(push('a')).toBeUndefined();
    const second = push('b');
    expect(second).toBeInstanceOf(Promise);
    expect(stage.started).toEqual(['a', 'b']);
    stage.finish('a');

    await expect(second).resolves.toBeUndefined();
  });

  test('leave in the order of the inputs, whichever is done first', async () => {
    const { next, stage, push } = lanes(3, true);
    for (const item of ['a', 'b', 'c']) void push(item);
    for (const item of ['c', 'b']) stage.finish(item);
    await settled();
    expect(next.log).toEqual([]);
    stage.finish('a');
    await settled();

    expect(next.log).toEqual(['a', 'b', 'c']);
  });

  test('leave as they are done where order does not matter', async () => {
    const { next, stage, push } = lanes(3, false);
    for (const item of ['a', 'b', 'c']) void push(item);
    for (const item of ['c', 'a', 'b']) {
      stage.finish(item);
      await settled();
    }

    expect(next.log).toEqual(['c', 'a', 'b']);
  });

  test('emit one at a time: the next one when the one before has gone on', async () => {
    const a = deferred();
    const { next, stage, push } = lanes(3, false, { a });
    for (const item of ['a', 'b']) void push(item);
    stage.finish('a');
    stage.finish('b');
    await settled();
    expect(next.log).toEqual(['a']);
    a.resolve();
    await settled();

    expect(next.log).toEqual(['a', 'b']);
  });

  test('give their place free after they have gone on, not after the work: memory is bounded by the places', async () => {
    const a = deferred();
    const { stage, push } = lanes(2, true, { a });
    void push('a');
    let isFree = false;
    void push('b')?.then(() => {
      isFree = true;
    });
    stage.finish('a');
    await settled();
    expect(isFree).toBe(false);
    a.resolve();
    await settled();

    expect(isFree).toBe(true);
  });

  test('that end here without output hold nobody up', async () => {
    const { next, stage, push } = lanes(3, true);
    for (const item of ['a', 'b']) void push(item);
    stage.finish('b');
    stage.finish('a', NOTHING);
    await settled();

    expect(next.log).toEqual(['b']);
  });

  test('that are done at once leave at once, but not before an elder one', async () => {
    const { next, stage, push } = lanes(3, true);
    expect(push('sync-1')).toBeUndefined();
    expect(next.log).toEqual(['sync-1']);
    void push('a');
    void push('sync-2');
    expect(next.log).toEqual(['sync-1']);
    stage.finish('a');
    await settled();

    expect(next.log).toEqual(['sync-1', 'a', 'sync-2']);
  });
});

describe('while the eldest item is worked on', () => {
  test('later ones go on beside it, up to as many as may be read ahead', async () => {
    const { next, stage, push } = lanes(2, true, {}, 4);
    void push('a');
    expect(push('sync-1')).toBeUndefined();
    expect(push('sync-2')).toBeUndefined();
    const last = push('sync-3');
    expect(last).toBeInstanceOf(Promise);
    expect(next.log).toEqual([]);
    stage.finish('a');
    await last;

    expect(next.log).toEqual(['a', 'sync-1', 'sync-2', 'sync-3']);
  });

  test('no more are worked on at once than without reading ahead', () => {
    const { push } = lanes(2, true, {}, 4);
    void push('a');

    expect(push('b')).toBeInstanceOf(Promise);
  });

  test('nothing is read ahead of an output that is being taken', async () => {
    const a = deferred();
    const { stage, push } = lanes(2, true, { a }, 4);
    void push('a');
    stage.finish('a');
    await settled();
    const second = push('sync-1');
    expect(second).toBeInstanceOf(Promise);
    a.resolve();

    await expect(second).resolves.toBeUndefined();
  });
});

describe('a room that is kept full', () => {
  test('asks for items whenever one may come, until nobody gives any', async () => {
    const { stage, parallel, running, push } = lanes(2, true);
    const items = ['c', 'd'].values();
    void push('a');
    const room = parallel.room(running);
    let full = push('b');
    expect(room.isFull(full)).toBe(true);
    expect(room.isFull(undefined)).toBe(false);
    const kept = room.keepFull(() => {
      const { value, done } = items.next();
      if (done === true) return false;
      full = push(value);
      return room.isFull(full);
    });
    stage.finish('a');
    await settled();
    expect(stage.started).toEqual(['a', 'b', 'c']);
    stage.finish('b');
    await settled();
    expect(stage.started).toEqual(['a', 'b', 'c', 'd']);
    stage.finish('c');

    await expect(kept).resolves.toBeUndefined();
    expect(push('e')).toBeInstanceOf(Promise);
  });
});

describe('the end of the items', () => {
  test('is passed on when nothing is under way any more', async () => {
    const { next, stage, parallel, running, push } = lanes(3, true);
    void push('a');
    const ended = parallel.end(running);
    await settled();
    expect(next.log).toEqual([]);
    stage.finish('a');
    await ended;

    expect(next.log).toEqual(['a', 'end']);
  });

  test('is passed on at once when nothing is', () => {
    const { next, parallel, running } = lanes(3, true);

    expect(parallel.end(running)).toBeUndefined();
    expect(next.log).toEqual(['end']);
  });
});

test('lanes are those of one execution, and closed when what follows is', () => {
  const { next, parallel, push } = lanes(2, true);
  void push('a');
  expect(parallel.push(execution(), 'other', undefined)).toBeUndefined();
  expect(parallel.isClosed(execution())).toBe(false);
  next.closed = true;

  expect(parallel.isClosed(execution())).toBe(true);
});
