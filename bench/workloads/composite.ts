import { PipelineContext } from 'heirline';
import type { PipelineBuilder, PipelineDefinition } from 'heirline';
import { checksum } from '../harness/checksum.js';
import type { Run, Workload } from '../harness/contender.js';
import { goalOnThisNode } from '../harness/goals.js';
import { peerContenders } from '../harness/peer.js';
import type { CompositeWork, Inherited, Peer } from '../harness/peer.js';
import { storage } from './ambient.js';
import { Add, AddWithFields, Double, DoubleWithFields } from './class-nodes.js';
import { dictionaryOf } from './dictionary.js';
import { heirlineRun } from './heirline-run.js';

const ITEMS = 50_000;

/** Runs a child of two class nodes per item, with nothing or with three dictionaries inherited. */
export function composite(peers: readonly Peer[]): Workload[] {
  const dictionary = dictionaryOf(1_000);
  const inherited = { parameters: dictionary, items: dictionary, properties: dictionary };
  return [
    emptyComposite(peers),
    workload('composite, 3 dictionaries of 1,000 keys inherited', peers, { inherited }),
  ];
}

/** Runs a child of two class nodes per item that inherits nothing. */
export function emptyComposite(peers: readonly Peer[]): Workload {
  return {
    ...workload('composite, nothing inherited', peers, { inherited: undefined }),
    goals: { toFloor: goalOnThisNode(0.5, { on24: 0.75 }) },
  };
}

/** The same with node classes that have fields of their own, without peers. */
export function compositeWithFields(): Workload {
  return {
    name: 'composite, node classes with fields',
    items: ITEMS,
    contenders: [
      {
        name: 'loop, await, AsyncLocalStorage.run',
        role: 'floor',
        prepare: (numbers) => () => loopWithFields(numbers),
      },
      {
        name: 'heirline',
        role: 'heirline',
        prepare: (source) =>
          heirlineRun({
            source,
            describe: (builder, from) => builder.addComposite(ChildWithFields, { name: 'child', from }),
          }),
      },
    ],
  };
}

function workload(name: string, peers: readonly Peer[], work: CompositeWork): Workload {
  const { inherited } = work;
  return {
    name,
    items: ITEMS,
    contenders: [
      {
        name: 'loop, await, AsyncLocalStorage.run',
        role: 'floor',
        prepare: (numbers) => () => loopInContexts(numbers, inherited),
      },
      { name: 'loop, await', role: 'floor', prepare: (numbers) => () => awaitingLoop(numbers) },
      { name: 'loop', role: 'floor', prepare: (numbers) => () => loop(numbers) },
      { name: 'heirline', role: 'heirline', prepare: (numbers) => nested(numbers, inherited) },
      { name: 'heirline, flat', role: 'heirline', prepare: (numbers) => flat(numbers, inherited) },
      ...peerContenders(peers, ({ composite: prepareWith }) => prepareWith?.(work)),
    ],
  };
}

function loop(numbers: readonly number[]): number {
  let sum = 0;
  for (const number of numbers) {
    const add = new Add();
    const double = new Double();
    sum = checksum(sum, double.transform(add.transform(number)));
  }
  return sum;
}

async function awaitingLoop(numbers: readonly number[]): Promise<number> {
  let sum = 0;
  for (const number of numbers) sum = checksum(sum, await child(number));
  return sum;
}

/** What a careful user writes by hand for a nested call that knows its context. */
async function loopInContexts(numbers: readonly number[], inherited: Inherited | undefined): Promise<number> {
  let sum = 0;
  for (const item of numbers) {
    sum = checksum(sum, await storage.run({ item, inherited }, child, item));
  }
  return sum;
}

async function child(item: number): Promise<number> {
  const add = new Add();
  const double = new Double();
  return double.transform(add.transform(item));
}

async function loopWithFields(numbers: readonly number[]): Promise<number> {
  let sum = 0;
  for (const item of numbers) sum = checksum(sum, await storage.run({ item }, childWithFields, item));
  return sum;
}

async function childWithFields(item: number): Promise<number> {
  const add = new AddWithFields();
  const double = new DoubleWithFields();
  return double.transform(add.transform(item));
}

class ChildWithFields implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    const add = builder.addTransform(AddWithFields, { from: builder.addCompositeInput() });
    const double = builder.addTransform(DoubleWithFields, { from: add });
    builder.addCompositeOutput({ from: double });
  }
}

class Child implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    const add = builder.addTransform(Add, { from: builder.addCompositeInput() });
    const double = builder.addTransform(Double, { from: add });
    builder.addCompositeOutput({ from: double });
  }
}

function nested(source: readonly number[], inherited: Inherited | undefined): Run {
  return heirlineRun({
    source,
    context: new PipelineContext(inherited),
    describe: (builder, from) =>
      builder.addComposite(Child, {
        name: 'child',
        from,
        contextConfiguration: {
          inheritParentParameters: inherited !== undefined,
          inheritParentItems: inherited !== undefined,
          inheritParentProperties: inherited !== undefined,
        },
      }),
  });
}

/** The nodes without a child around them: what nesting costs comes on top. */
function flat(source: readonly number[], inherited: Inherited | undefined): Run {
  return heirlineRun({
    source,
    context: new PipelineContext(inherited),
    describe: (builder, from) => builder.addTransform(Double, { from: builder.addTransform(Add, { from }) }),
  });
}
