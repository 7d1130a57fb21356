import { expect, test } from 'vitest';
import { generateChild } from '../../../../src/engine/plan/generated-child.js';
import { NodeCode } from '../../../../src/engine/stages/node-code.js';
import type { ChildExecution, ConstructedStage } from '../../../../src/engine/plan/plan.js';
import { childSteps } from '../../../../src/engine/children/run-child.js';
import { execution, site } from '../../support/executions.js';

class Same {
  transform(item: unknown): unknown {
    return item;
  }
}

/** What is made ready in code that all plans share, when a child of one node runs. */
function activated(around?: (instance: object) => object): readonly ConstructedStage[] {
  const code = NodeCode.of({ how: 'class', type: Same, around }, 'execution', 'transform');
  const stage = { slot: 0, site: { ...site, id: 'same' } };
  const constructed = [{ code, stage } as unknown as ConstructedStage];
  const shared: ConstructedStage[] = [];
  const run = generateChild(
    { constructed, states: [undefined, undefined], walk: undefined, endsWithItem: true },
    {
      ...childSteps,
      activate: (each) => {
        shared.push(each);
        return undefined;
      },
      enter: () => undefined,
    },
  );
  expect(run?.(execution() as ChildExecution, 1, undefined)).toBeUndefined();
  return shared;
}

test('a child constructs its nodes by itself, but not where something is put around them: that would be left out', () => {
  expect(activated()).toHaveLength(0);
  expect(activated((instance) => instance)).toHaveLength(1);
});
