import { expect, test } from 'vitest';
import { generateChild } from '../../../src/engine/generated-child.js';
import { NodeCode } from '../../../src/engine/node-code.js';
import type { ChildRun, ConstructedStage } from '../../../src/engine/plan.js';
import { childSteps } from '../../../src/engine/run-child.js';

class Same {
  transform(item: unknown): unknown {
    return item;
  }
}

function generated(around?: (instance: object) => object): ChildRun | undefined {
  const code = NodeCode.of({ how: 'class', type: Same, around }, 'execution', 'transform');
  const stage = { slot: 0, site: { id: 'same' } };
  const constructed = [{ code, stage } as unknown as ConstructedStage];
  return generateChild({ constructed, walk: undefined, endsWithItem: true }, childSteps);
}

test('a child is written out, but not where something is put around its nodes: that would be left out', () => {
  expect(generated()).toBeTypeOf('function');
  expect(generated((instance) => instance)).toBeUndefined();
});
