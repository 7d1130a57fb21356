import type { Goals } from './goals.js';

/** What does the work: a hand-written loop, heirline, or another library. */
export type Role = 'floor' | 'heirline' | 'peer';

/** Does the work once, over all items, and gives the checksum of the outputs. */
export type Run = () => number | Promise<number>;

/** One way to do the work of a workload. */
export interface Contender {
  /** Unique in its workload. */
  readonly name: string;
  readonly role: Role;
  /** Makes what is made once, such as a pipeline; what the returned function does is timed. */
  readonly prepare: (numbers: readonly number[]) => Run;
  /** The part of the items that it gets, for what is slow; costs are per item. Default 1. */
  readonly share?: number | undefined;
}

/**
 * What a process has behind it when a run is timed.
 *
 * `warm`: many runs of the same work. `collected`: the same, and then full collections while nothing ran.
 * `first run`: nothing at all; what is made once is timed, too.
 */
export type State = 'warm' | 'collected' | 'first run';

/** The floor, heirline and the peers alone, without what is measured beside them for information. */
export function comparedAlone(workload: Workload): Workload {
  const contenders = workload.contenders.filter(
    ({ name, role }, index) => index === 0 || name === 'heirline' || role === 'peer',
  );
  return { ...workload, contenders };
}

/** A piece of work, done by contenders that are timed beside each other. */
export interface Workload {
  /** Unique in its bench file. */
  readonly name: string;
  /** How many items a run has. */
  readonly items: number;
  /** The first one is the floor: the other ratios are about it, and it says what is correct. */
  readonly contenders: readonly Contender[];
  /** Whether a run is the same whatever the settings, and whatever numbers it is given. Default `false`. */
  readonly isFixed?: boolean | undefined;
  /** Default `warm`. */
  readonly state?: State | undefined;
  /** What heirline is to reach. */
  readonly goals?: Goals | undefined;
  /** Measured in this workload, whatever the settings, or not at all. Default: as the settings say. */
  readonly allocation?: boolean | undefined;
}
