import { expect, test } from 'vitest';
import { PathLedger } from '../../../../src/engine/execution/path-ledger.js';

const at = (path: string) => ({ path, nodeId: path, pipelineName: 'orders', isComposite: false });

test('nodes are numbered by path from 0, and keep their number when they are described again', () => {
  const ledger = new PathLedger();
  const [a, b] = [at('orders/a'), at('orders/b')];

  expect([
    ledger.indexOf(a),
    ledger.indexOf(b),
    ledger.indexOf({ ...a }),
    ledger.indexOf(at('orders/c')),
  ]).toEqual([0, 1, 0, 2]);
  expect(ledger.entries.slice(0, 2)).toEqual([a, b]);
  expect(ledger.entries[0]).toBe(a);
});

test('a segment that is compiled again keeps its number', () => {
  const ledger = new PathLedger();
  const first = ledger.segmentOf({ nodes: [1, 2], hasSink: false });

  expect(ledger.segmentOf({ nodes: [1, 2], hasSink: false })).toBe(first);
  expect(ledger.segmentOf({ nodes: [1, 2], hasSink: true })).not.toBe(first);
  expect(ledger.segmentOf({ nodes: [12], hasSink: false })).not.toBe(first);
  expect(ledger.segments).toHaveLength(3);
});

test('a tree whose names change with every run is outgrown, one that is only compiled again is not', () => {
  const ledger = new PathLedger();
  for (let n = 0; n < 10; n += 1) ledger.indexOf(at(`orders/${String(n)}`));
  expect(ledger.isOutgrown).toBe(false);

  for (let run = 0; run < 1000; run += 1) ledger.indexOf(at('orders/1'));
  expect(ledger.isOutgrown).toBe(false);
  for (let tenant = 0; tenant < 2000; tenant += 1) ledger.indexOf(at(`orders/tenant-${String(tenant)}`));
  expect(ledger.isOutgrown).toBe(true);
});
