import { createStep, createWorkflow } from '@mastra/core/workflows';
import { z } from 'zod';
import { checksum } from '../harness/checksum.js';
import type { PeerWork } from '../harness/peer.js';
import { Add, Double } from '../workloads/class-nodes.js';

const number = z.number();

/**
 * Mastra: a level is a workflow, which is a step of the one around it.
 *
 * The outermost level is started from a loop, which costs less than half of `foreach`. Nothing is stored or validated.
 */
export const peer: PeerWork = {
  share: 0.02,

  composite: () => (numbers) => {
    const child = workflow('child').then(addStep()).then(doubleStep()).commit();
    return () => total(child, numbers);
  },

  depth: (levels) => (numbers) => {
    const outermost = level(levels);
    return () => total(outermost, numbers);
  },
};

type NumberWorkflow = ReturnType<ReturnType<typeof workflow>['commit']>;

function workflow(id: string) {
  return createWorkflow({
    id,
    inputSchema: number,
    outputSchema: number,
    options: { shouldPersistSnapshot: () => false, validateInputs: false },
  });
}

function level(levels: number): NumberWorkflow {
  const added = workflow(`level-${levels}`).then(addStep());
  return levels === 1 ? added.commit() : added.then(level(levels - 1)).commit();
}

function addStep() {
  return createStep({
    id: 'add',
    inputSchema: number,
    outputSchema: number,
    execute: async ({ inputData }) => new Add().transform(inputData),
  });
}

function doubleStep() {
  return createStep({
    id: 'double',
    inputSchema: number,
    outputSchema: number,
    execute: async ({ inputData }) => new Double().transform(inputData),
  });
}

async function total(outermost: NumberWorkflow, numbers: readonly number[]): Promise<number> {
  let sum = 0;
  for (const inputData of numbers) {
    const run = await outermost.createRunAsync();
    const outcome = await run.start({ inputData });
    if (outcome.status !== 'success') throw new Error(`A workflow ended as ${outcome.status}`);
    sum = checksum(sum, outcome.result);
  }
  return sum;
}
