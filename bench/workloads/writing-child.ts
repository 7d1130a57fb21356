import type { PipelineBuilder, PipelineDefinition, TransformNode } from 'heirline';
import { checksum } from '../harness/checksum.js';
import type { Contender, Run, Workload } from '../harness/contender.js';
import { goalOnThisNode } from '../harness/goals.js';
import type { Goals } from '../harness/goals.js';
import { peerContenders } from '../harness/peer.js';
import type { Peer, WritingNode } from '../harness/peer.js';
import { storage } from './ambient.js';
import { Add } from './class-nodes.js';
import { heirlineRun } from './heirline-run.js';
import {
  SetItem,
  SetNumberByHand,
  SetNumberParameter,
  SetObjectByHand,
  SetObjectParameter,
  SetThreeByHand,
  SetThreeItems,
} from './writing-nodes.js';

/** What the second node of a child writes, and how: by hand and peers to a Map that each item has of its own. */
interface Writing {
  readonly name: string;
  readonly goals: Goals;
  readonly ByHand: new () => WritingNode;
  readonly Heirline: new () => TransformNode<number, number>;
}

const few: Goals = { toFloor: goalOnThisNode(0.65, { on24: 0.85 }), toBestPeer: goalOnThisNode(1) };
const more: Goals = { toFloor: goalOnThisNode(1.2) };

const oneItem: Writing = {
  name: 'composite, one context item set',
  goals: few,
  ByHand: SetNumberByHand,
  Heirline: SetItem,
};

const writings: readonly Writing[] = [
  oneItem,
  {
    name: 'composite, one number parameter set',
    goals: few,
    ByHand: SetNumberByHand,
    Heirline: SetNumberParameter,
  },
  {
    name: 'composite, one object parameter set',
    goals: more,
    ByHand: SetObjectByHand,
    Heirline: SetObjectParameter,
  },
  {
    name: 'composite, three context items set',
    goals: more,
    ByHand: SetThreeByHand,
    Heirline: SetThreeItems,
  },
];

/** The loop by hand that calls `AsyncLocalStorage.run` for each item, and makes nothing: what that alone takes. */
export const storageRunAlone = 'loop, AsyncLocalStorage.run alone';

/** Runs a child of two class nodes per item, the second of which writes to the child's own context. */
export function writingChild(peers: readonly Peer[]): Workload[] {
  return writings.map((writing) => workload(writing, peers));
}

/** The one of these that writes least. */
export function childThatSetsItem(peers: readonly Peer[]): Workload {
  return workload(oneItem, peers);
}

function workload({ name, goals, ByHand, Heirline }: Writing, peers: readonly Peer[]): Workload {
  return {
    name,
    goals,
    items: 50_000,
    contenders: [
      byHand(ByHand),
      { name: storageRunAlone, role: 'floor', prepare: (numbers) => () => loopInStorage(numbers) },
      { name: 'heirline', role: 'heirline', prepare: (numbers) => nested(numbers, Heirline) },
      ...peerContenders(peers, ({ writingChild: prepareWith }) => prepareWith?.({ Second: ByHand })),
    ],
  };
}

/** What a careful user writes: an ambient context per item, with a Map for what the nested call writes. */
function byHand(Second: new () => WritingNode): Contender {
  const child = async (item: number, values: Map<string, unknown>): Promise<number> => {
    const add = new Add();
    const second = new Second();
    return second.transform(add.transform(item), values);
  };
  return {
    name: 'loop, await, AsyncLocalStorage.run',
    role: 'floor',
    prepare: (numbers) => async () => {
      let sum = 0;
      for (const item of numbers) {
        const values = new Map<string, unknown>();
        sum = checksum(sum, await storage.run({ item, values }, child, item, values));
      }
      return sum;
    },
  };
}

const sameStore = {};

function loopInStorage(numbers: readonly number[]): number {
  let sum = 0;
  for (const item of numbers) sum = checksum(sum, storage.run(sameStore, addAndDouble, item));
  return sum;
}

function addAndDouble(item: number): number {
  return (item + 1) * 2;
}

class Child implements PipelineDefinition<number, number> {
  readonly #Second: new () => TransformNode<number, number>;

  constructor(Second: new () => TransformNode<number, number>) {
    this.#Second = Second;
  }

  define(builder: PipelineBuilder<number, number>): void {
    const add = builder.addTransform(Add, { from: builder.addCompositeInput() });
    builder.addCompositeOutput({ from: builder.addTransform(this.#Second, { from: add }) });
  }
}

function nested(source: readonly number[], Second: new () => TransformNode<number, number>): Run {
  return heirlineRun({
    source,
    describe: (builder, from) => builder.addComposite(new Child(Second), { name: 'child', from }),
  });
}
