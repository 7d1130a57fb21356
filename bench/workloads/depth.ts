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
      {
        name: 'heirline, the node in the innermost level alone',
        role: 'heirline',
        prepare: (numbers) => heirlineAtDepth(numbers, levels, 'innermost'),
      },
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

/** Which levels have a node of their own beside the composite in them. */
type Nodes = 'everyLevel' | 'innermost';

function heirlineAtDepth(source: Iterable<number>, levels: number, nodes: Nodes = 'everyLevel'): Run {
  return heirlineRun({
    source,
    describe: (builder, from) =>
      levels === 0 ? from : builder.addComposite(new Level(levels, nodes), { name: 'child', from }),
  });
}

class Level implements PipelineDefinition<number, number> {
  readonly #levels: number;
  readonly #nodes: Nodes;
  readonly #depth: number;

  constructor(levels: number, nodes: Nodes, depth = levels) {
    this.#levels = levels;
    this.#nodes = nodes;
    this.#depth = depth;
  }

  define(builder: PipelineBuilder<number, number>): void {
    const input = builder.addCompositeInput();
    const isInnermost = this.#levels === 1;
    if (this.#nodes === 'innermost' && isInnermost) {
      const add = builder.addTransform((item: number) => item + this.#depth, { name: 'add', from: input });
      builder.addCompositeOutput({ from: add });
      return;
    }
    const from = this.#nodes === 'everyLevel' ? builder.addTransform(Add, { from: input }) : input;
    const inner = new Level(this.#levels - 1, this.#nodes, this.#depth);
    builder.addCompositeOutput({
      from: isInnermost ? from : builder.addComposite(inner, { name: 'child', from }),
    });
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
