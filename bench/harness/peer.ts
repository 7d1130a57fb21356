import type { Contender, Run } from './contender.js';
import type { Step } from './step.js';

/** Three functions to map with, and one to filter with. */
export interface FlatSteps {
  readonly maps: readonly [one: NumberMap, two: NumberMap, three: NumberMap];
  readonly keep: (value: number) => boolean;
}

type NumberMap = (value: number) => number;

/** Three functions that each return a promise. */
export type AsyncSteps = readonly [one: AsyncMap, two: AsyncMap, three: AsyncMap];

type AsyncMap = (value: number) => Promise<number>;

/** What is done to each item, and to how many of them at once. */
export interface ConcurrentWork {
  readonly concurrency: number;
  readonly map: (value: number) => Promise<number>;
}

/** What is done in the two branches. */
export interface FanOutSteps {
  readonly left: (value: number) => number;
  readonly right: (value: number) => number;
}

/** What a parent hands down to each of its children. */
export interface Inherited {
  readonly parameters: ReadonlyMap<string, unknown>;
  readonly items: ReadonlyMap<string, unknown>;
  readonly properties: ReadonlyMap<string, unknown>;
}

/** A child per item, of the class nodes Add and Double, which are made anew for it. */
export interface CompositeWork {
  /** What the child's context holds besides; undefined where nothing is inherited. */
  readonly inherited: Inherited | undefined;
}

/** A child per item, of the class node Add and of one that writes to the child's own values; both are made anew for it. */
interface WritingWork {
  readonly Second: new () => WritingNode;
}

/** A node that writes to a Map, which is made anew for each item. */
export interface WritingNode {
  transform(item: number, values: Map<string, unknown>): number;
}

/** How items are gathered, and what is made of a list of them. */
export interface BatchWork {
  readonly size: number;
  readonly valueOf: (items: readonly number[]) => number;
}

/** How another library does the workloads that make sense for it. */
export interface PeerWork {
  /** The part of the items that it gets, for what is slow. Default 1. */
  readonly share?: number;
  readonly flatSync?: (steps: FlatSteps) => Contender['prepare'];
  readonly flatAsync?: (steps: AsyncSteps) => Contender['prepare'];
  readonly concurrency?: (work: ConcurrentWork) => Contender['prepare'];
  readonly composite?: (work: CompositeWork) => Contender['prepare'];
  /** Composites in composites, with one class node at each of the levels. */
  readonly depth?: (levels: number) => Contender['prepare'];
  readonly writingChild?: (work: WritingWork) => Contender['prepare'];
  /** Makes a pipeline of any steps; the order of its outputs does not matter. */
  readonly anyShape?: (steps: readonly Step[]) => (numbers: Iterable<number>) => Run;
  readonly fanOut?: (steps: FanOutSteps) => Contender['prepare'];
  /** Gathers items into lists of a size, and gives one number for each list. */
  readonly batches?: (work: BatchWork) => Contender['prepare'];
  /** Gives what a step makes of the value before, 0 at first, and each item. */
  readonly scan?: (step: (value: number, item: number) => number) => Contender['prepare'];
}

/** Another library, by the name of the contender that it is. */
export interface Peer extends PeerWork {
  readonly name: string;
}

/** What a peer's module exports. */
export interface PeerModule {
  readonly peer: PeerWork;
}

/** The contenders that some peers are in one workload; those that do not do it are left out. */
export function peerContenders(
  peers: readonly Peer[],
  prepareOf: (peer: Peer) => Contender['prepare'] | undefined,
): Contender[] {
  return peers.flatMap((peer) => {
    const prepare = prepareOf(peer);
    return prepare === undefined ? [] : [{ name: peer.name, role: 'peer', prepare, share: peer.share }];
  });
}
