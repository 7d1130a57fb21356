import { describe, expect, test } from 'vitest';
import { Handover } from '../../../../src/engine/streams/handover.js';
import type { Taken } from '../../../../src/engine/streams/handover.js';
import { settled } from '../../support/executions.js';

/** A handover with the order in which its two sides got answers. */
function observed() {
  const handover = new Handover();
  const log: string[] = [];
  const push = (item: string): void => {
    void handover.push(item).then((taken: Taken) => log.push(`${item} ${taken}`));
  };
  const next = (): void => {
    handover.next().then(
      ({ done, value }) => log.push(done === true ? 'end' : `got ${String(value)}`),
      (reason: unknown) => log.push(`threw ${reason instanceof Error ? reason.message : String(reason)}`),
    );
  };
  return { handover, log, push, next };
}

const end = { done: true, value: undefined };

describe('an item', () => {
  test('pushed first waits until it is asked for, and is let go when the next one is', async () => {
    const { log, push, next } = observed();
    push('a');
    await settled();
    expect(log).toEqual([]);
    next();
    await settled();
    expect(log).toEqual(['got a']);
    next();
    await settled();
    expect(log).toEqual(['got a', 'a consumed']);
  });

  test('asked for first arrives at once, and is let go when the next one is asked for', async () => {
    const { log, push, next } = observed();
    next();
    push('a');
    await settled();
    expect(log).toEqual(['got a']);
    next();
    push('b');
    await settled();
    expect(log).toEqual(['got a', 'a consumed', 'got b']);
  });

  test('follows others in the order of pushing, to those who ask in the order of asking', async () => {
    const { log, push, next } = observed();
    push('a');
    push('b');
    next();
    next();
    next();
    push('c');
    await settled();

    expect(log.filter((line) => line.startsWith('got'))).toEqual(['got a', 'got b', 'got c']);
    expect(log).toContain('a consumed');
    expect(log).toContain('b consumed');
  });

  test('can be undefined or null', async () => {
    const handover = new Handover();
    void handover.push(undefined);
    void handover.push(null);

    expect(await handover.next()).toEqual({ done: false, value: undefined });
    expect(await handover.next()).toEqual({ done: false, value: null });
  });

  test('is let go at once when the consumer has asked for the one after it already', async () => {
    const { log, push, next } = observed();
    next();
    next();
    push('a');
    await settled();
    expect(log).toEqual(['got a', 'a consumed']);
    push('b');
    await settled();
    expect(log).toEqual(['got a', 'a consumed', 'got b']);
  });
});

describe('the end', () => {
  test('comes after the items that were offered', async () => {
    const { handover, log, push, next } = observed();
    push('a');
    handover.end();
    next();
    next();
    next();
    await settled();

    expect(log).toEqual(['got a', 'a consumed', 'end', 'end']);
  });

  test('answers those who wait', async () => {
    const { handover, log, next } = observed();
    next();
    next();
    handover.end();
    await settled();

    expect(log).toEqual(['end', 'end']);
  });
});

describe('an abort', () => {
  test('rejects whoever waits, and whoever asks later', async () => {
    const { handover, log, next } = observed();
    next();
    handover.abort(new Error('stopped'));
    next();
    await settled();

    expect(log).toEqual(['threw stopped', 'threw stopped']);
  });

  test('gives up what is held, what is offered, and what is pushed later', async () => {
    const { handover, log, push, next } = observed();
    push('held');
    push('offered');
    next();
    await settled();
    handover.abort(new Error('stopped'));
    push('late');
    await settled();

    expect(log).toEqual(['got held', 'held aborted', 'offered aborted', 'late aborted']);
  });

  test('keeps its first reason, and comes also after the end of the items', async () => {
    const { handover, log, next } = observed();
    handover.end();
    handover.abort(new Error('first'));
    handover.abort(new Error('second'));
    next();
    await settled();

    expect(log).toEqual(['threw first']);
  });

  test('does nothing once the consumer has closed', async () => {
    const { handover, log, push, next } = observed();
    handover.close('consumed');
    handover.abort(new Error('stopped'));
    next();
    push('late');
    await settled();

    expect(log).toContain('end');
    expect(log).toContain('late refused');
  });
});

describe('a consumer that stops', () => {
  test('has taken what it held, and refuses what is offered and what follows', async () => {
    const { handover, log, push, next } = observed();
    push('held');
    push('offered');
    next();
    await settled();
    expect(handover.isClosed).toBe(false);
    expect(await handover.return()).toEqual(end);
    push('late');
    next();
    await settled();

    expect(handover.isClosed).toBe(true);
    expect(new Set(log)).toEqual(
      new Set(['got held', 'held consumed', 'offered refused', 'late refused', 'end']),
    );
  });

  test('by breaking out of its loop lets its item go', async () => {
    const { handover, log, push } = observed();
    push('a');
    push('b');
    for await (const item of handover) {
      expect(item).toBe('a');
      break;
    }
    await settled();

    expect(new Set(log)).toEqual(new Set(['a consumed', 'b refused']));
  });

  test('can be closed with what became of its item', async () => {
    const { handover, log, push, next } = observed();
    push('held');
    next();
    handover.close('aborted');
    await settled();

    expect(log).toEqual(['got held', 'held aborted']);
  });

  test('answers those who still wait with the end', async () => {
    const { handover, log, next } = observed();
    next();
    handover.close('consumed');
    await settled();

    expect(log).toEqual(['end']);
  });

  test('after an abort stays aborted', async () => {
    const { handover, log, push, next } = observed();
    handover.abort(new Error('stopped'));
    handover.close('consumed');
    push('late');
    next();
    await settled();

    expect(log).toEqual(expect.arrayContaining(['late aborted', 'threw stopped']));
  });

  test('can close twice', async () => {
    const { handover, log, push, next } = observed();
    push('a');
    next();
    handover.close('consumed');
    handover.close('aborted');
    await settled();

    expect(log).toEqual(['got a', 'a consumed']);
  });
});
