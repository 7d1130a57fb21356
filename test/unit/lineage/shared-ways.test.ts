import { expect, test } from 'vitest';
import { TracedRun } from '../support/traces.js';

/** Sends an item through so many nodes, each of which it may leave in one of two ways. */
function send(run: TracedRun, choices: readonly number[]): void {
  const trace = run.follow();
  for (const [index, choice] of choices.entries())
    void trace.pass(...run.at(`n${String(index)}-${String(choice)}`), 1, 1);
  run.end(trace, 'emitted');
}

const choicesOf = (number: number): number[] => Array.from({ length: 16 }, (_, bit) => (number >> bit) & 1);

test('so many ways at most are kept for other items, and all are told as they were', () => {
  const run = new TracedRun();
  for (let number = 0; number < 3000; number += 1) send(run, choicesOf(number));
  const [early, late] = [3, 2999];
  send(run, choicesOf(early));
  send(run, choicesOf(late));

  const traversals = run.sink.records.map(({ traversal }) => traversal);
  const [again, lateAgain] = traversals.slice(-2);
  expect(again).toBe(traversals[early]);
  expect(lateAgain).not.toBe(traversals[late]);
  expect(lateAgain).toEqual(traversals[late]);
});

test('ways through children, of which each has one of its own, leave room for the others', () => {
  const run = new TracedRun();
  for (let number = 0; number < 200; number += 1) {
    const inner = run.follow().enter(...run.at('child'), 'item');
    for (let node = 0; node < 100; node += 1) void inner.pass(...run.at(`child/n${String(node)}`), 1, 1);
  }
  for (let number = 0; number < 2; number += 1) send(run, choicesOf(5));

  const [first, second] = run.sink.records.map(({ traversal }) => traversal);
  expect(second).toBe(first);
});
