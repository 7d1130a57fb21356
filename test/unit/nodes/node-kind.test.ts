import { expect, test } from 'vitest';
import { isEnd, isStart } from '../../../src/nodes/node-kind.js';
import type { NodeKind } from '../../../src/nodes/node-kind.js';

const kinds: Record<NodeKind, 'start' | 'middle' | 'end'> = {
  source: 'start',
  'composite-input': 'start',
  transform: 'middle',
  'stream-transform': 'middle',
  tap: 'middle',
  route: 'middle',
  merge: 'middle',
  join: 'middle',
  composite: 'middle',
  sink: 'end',
  'composite-output': 'end',
};

test('items enter at starts, leave at ends, and pass everything else', () => {
  for (const [kind, place] of Object.entries(kinds) as [NodeKind, string][]) {
    expect([kind, isStart(kind), isEnd(kind)]).toEqual([kind, place === 'start', place === 'end']);
  }
});
