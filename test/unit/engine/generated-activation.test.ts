import { expect, test } from 'vitest';
import { activationSteps } from '../../../src/engine/activation.js';
import { generateActivation } from '../../../src/engine/generated-activation.js';
import { NodeCode } from '../../../src/engine/node-code.js';
import type { ConstructedStage } from '../../../src/engine/plan.js';

class Same {
  transform(item: unknown): unknown {
    return item;
  }
}

const constructed = (around?: (instance: object) => object): readonly ConstructedStage[] => {
  const code = NodeCode.of({ how: 'class', type: Same, around }, 'execution', 'transform');
  return [{ code, stage: { slot: 0, site: { id: 'same' } } } as unknown as ConstructedStage];
};

test('an activation is written out, but not where something is put around the instances: that would be left out', () => {
  expect(generateActivation(constructed(), activationSteps)).toBeTypeOf('function');
  expect(
    generateActivation(
      constructed((instance) => instance),
      activationSteps,
    ),
  ).toBeUndefined();
});
