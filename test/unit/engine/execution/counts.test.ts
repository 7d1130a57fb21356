import { describe, expect, test } from 'vitest';
import { Counts } from '../../../../src/engine/execution/counts.js';
import { PathLedger } from '../../../../src/engine/execution/path-ledger.js';

function counted() {
  const ledger = new PathLedger();
  const index = ledger.indexOf({
    path: 'root/node',
    nodeId: 'node',
    pipelineName: 'root',
    isComposite: false,
  });
  const segment = ledger.segmentOf({ nodes: [index], hasSink: false });
  const whole = new Counts(ledger);
  const inAtNode = (): number => whole.snapshot().get('root/node')?.in ?? 0;
  const waitingPaths = (): string[] => [...whole.waiting()].map(({ path }) => path);
  return { whole, part: whole.apart(), index, segment, inAtNode, waitingPaths };
}

describe('the counts of one execution', () => {
  test('are its own while it goes on, and belong to those around once they are handed on', () => {
    const { whole, part, index, segment, inAtNode } = counted();
    whole.counter(index).in += 1;
    part.counter(index).in += 2;
    part.tally(segment).passed(0, 1);
    part.addUp();
    expect([whole.counter(index).in, part.counter(index).in]).toEqual([1, 3]);
    part.handOn(whole);
    expect(inAtNode()).toBe(4);
  });

  test('that come after that are counted too, where a letter was held or a call has lingered', () => {
    const { whole, part, index, segment, inAtNode } = counted();
    part.counter(index).waiting += 1;
    part.handOn(whole);
    part.counter(index).waiting -= 1;
    part.counter(index).in += 1;
    part.tally(segment).passed(0, 1);
    expect([inAtNode(), whole.counter(index).waiting]).toEqual([2, 0]);
  });

  test('are in the result of a run that has not waited for it', () => {
    const { whole, part, index, inAtNode, waitingPaths } = counted();
    part.apart().counter(index).waiting += 1;
    part.counter(index).in += 1;
    expect(waitingPaths()).toEqual(['root/node']);
    expect([inAtNode(), whole.counter(index).waiting]).toEqual([1, 1]);
  });
});
