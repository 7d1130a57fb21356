import type { ContextFrame } from '../context/context-frame.js';
import type { LineageHop } from '../ports/lineage-sink.js';
import type { KnownSteps } from './known-steps.js';
import type { Step } from './step.js';
import type { TracedSite } from './traced-place.js';

/** How many hops a record keeps of a way, half of them from its beginning. */
const MOST_HOPS = 1000;
const HALF = MOST_HOPS / 2;

/** The steps of a way, those in the middle of a long one left out. */
interface Steps {
  readonly steps: readonly Step[];
  readonly lost: number;
}

/**
 * The nodes that an item passed, as a list that grows at its end and never changes.
 *
 * Items that go the same way have the same: each way knows those that led on from it.
 */
export class Way {
  #next: Way | undefined;
  #others: Way[] | undefined;
  #traversal: readonly LineageHop[] | undefined;
  /** True if other items may go on from here: else none of the ways behind are kept. */
  #isShared = false;
  /** How many steps there are behind the earlier ones. */
  readonly #length: number;

  private constructor(
    /** The last step; undefined at the start. */
    readonly step: Step | undefined,
    private readonly before: Way | undefined,
    /** The steps before those that are linked. */
    private readonly earlier: Steps | undefined,
  ) {
    this.#length = before === undefined ? 0 : before.#length + 1;
  }

  /** A way of no steps. */
  static start(): Way {
    const way = new Way(undefined, undefined, undefined);
    way.#isShared = true;
    return way;
  }

  /** The way behind one more node: one for all items with one input, one output at most, and one try. */
  past(
    known: KnownSteps,
    site: TracedSite,
    frame: ContextFrame,
    outputs: number,
    attempts: number,
    inputs: number,
  ): Way {
    const next = this.#next;
    if (next !== undefined && next.#endsAt(site, frame, outputs, attempts, inputs)) return next;
    const other = this.#others?.find((each) => each.#endsAt(site, frame, outputs, attempts, inputs));
    if (other !== undefined) return other;
    const way = this.into(known.stepAt(site, frame, outputs, attempts, inputs));
    const isUsual = outputs <= 1 && attempts === 1 && inputs === 1;
    if (!this.#isShared || !isUsual || !known.mayShareOneMore()) return way;
    way.#isShared = true;
    if (next === undefined) this.#next = way;
    else (this.#others ??= []).push(way);
    return way;
  }

  /** The way of one item behind a step. */
  into(step: Step): Way {
    if (this.#length < HALF) return new Way(step, this, this.earlier);
    // Not linked, so that an endless way does not keep all of its steps.
    const earlier = this.#steps();
    return new Way(step, new Way(undefined, undefined, earlier), earlier);
  }

  /** This way and then another, without the first step of that. */
  followedBy(way: Way): Way {
    const [own, other] = [this.#steps(), way.#steps()];
    return new Way(
      undefined,
      undefined,
      shortened([...own.steps, ...other.steps.slice(1)], own.lost + other.lost),
    );
  }

  /** The hops of the records: of more than 1,000 the first and the latest 500. */
  get traversal(): readonly LineageHop[] {
    return (this.#traversal ??= Object.freeze(this.#steps().steps.map(({ hop }) => hop)));
  }

  /** How many hops are left out of {@link traversal}. */
  get hopsLost(): number {
    return this.earlier === undefined ? 0 : this.#steps().lost;
  }

  #steps(): Steps {
    const latest = this.step === undefined ? [] : [this.step];
    for (let { before } = this; before !== undefined; { before } = before)
      if (before.step !== undefined) latest.push(before.step);
    latest.reverse();
    const { earlier } = this;
    return earlier === undefined
      ? { steps: latest, lost: 0 }
      : shortened([...earlier.steps, ...latest], earlier.lost);
  }

  #endsAt(site: TracedSite, frame: ContextFrame, outputs: number, attempts: number, inputs: number): boolean {
    const { step } = this;
    return (
      step !== undefined &&
      step.place.site === site &&
      step.place.frame === frame &&
      step.outputs === outputs &&
      step.attempts === attempts &&
      step.inputs === inputs
    );
  }
}

function shortened(steps: readonly Step[], lost: number): Steps {
  const more = steps.length - MOST_HOPS;
  return more <= 0
    ? { steps, lost }
    : { steps: [...steps.slice(0, HALF), ...steps.slice(-HALF)], lost: lost + more };
}
