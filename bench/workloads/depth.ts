import type { PipelineBuilder, PipelineDefinition } from 'heirline';
import { checksum } from '../harness/checksum.js';
import type { Run, Workload } from '../harness/contender.js';
import { peerContenders } from '../harness/peer.js';
import type { Peer } from '../harness/peer.js';
import { storage } from './ambient.js';
import { Add } from './class-nodes.js';
import { heirlineRun } from './heirline-run.js';

const ITEMS = 20_000;

/** The depths that peers are measured at. */
const peerDepths = [1, 3, 8];

/** Composites in composites, one class node at each level; depth 0 is the source and the sink alone. */
export function depth(peers: readonly Peer[], depths: readonly number[]): Workload[] {
  return depths.map((levels) => ({
    name: depthName(levels),
    items: ITEMS,
    contenders: [
      {
        name: 'loop, await, AsyncLocalStorage.run',
        role: 'floor',
        prepare: (numbers) => () => loopInContexts(numbers, levels),
      },
      { name: 'loop', role: 'floor', prepare: (numbers) => () => loop(numbers, levels) },
      { name: 'heirline', role: 'heirline', prepare: (numbers) => heirlineAtDepth(numbers, levels) },
      ...(peerDepths.includes(levels)
        ? peerContenders(peers, ({ depth: prepareWith }) => prepareWith?.(levels))
        : []),
    ],
  }));
}

/** What the workload of a depth is called. */
export function depthName(levels: number): string {
  return `depth ${levels}`;
}

/** Runs heirline once with so many levels below the root. */
export async function runAtDepth(source: Iterable<number>, levels: number): Promise<void> {
  await heirlineAtDepth(source, levels)();
}

function heirlineAtDepth(source: Iterable<number>, levels: number): Run {
  return heirlineRun({
    source,
    describe: (builder, from) =>
      levels === 0 ? from : builder.addComposite(new Level(levels), { name: 'child', from }),
  });
}

class Level implements PipelineDefinition<number, number> {
  readonly #levels: number;

  constructor(levels: number) {
    this.#levels = levels;
  }

  define(builder: PipelineBuilder<number, number>): void {
    const add = builder.addTransform(Add, { from: builder.addCompositeInput() });
    const from =
      this.#levels === 1
        ? add
        : builder.addComposite(new Level(this.#levels - 1), { name: 'child', from: add });
    builder.addCompositeOutput({ from });
  }
}

function loop(numbers: readonly number[], levels: number): number {
  let sum = 0;
  for (const number of numbers) sum = checksum(sum, levels === 0 ? number : level(number, levels));
  return sum;
}

function level(item: number, levels: number): number {
  const value = new Add().transform(item);
  return levels === 1 ? value : level(value, levels - 1);
}

async function loopInContexts(numbers: readonly number[], levels: number): Promise<number> {
  let sum = 0;
  for (const item of numbers) {
    const output = levels === 0 ? item : await storage.run({ item }, levelInContext, item, levels);
    sum = checksum(sum, output);
  }
  return sum;
}

async function levelInContext(item: number, levels: number): Promise<number> {
  const value = new Add().transform(item);
  return levels === 1 ? value : await storage.run({ item: value }, levelInContext, value, levels - 1);
}
