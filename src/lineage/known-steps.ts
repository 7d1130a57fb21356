import type { ContextFrame } from '../context/context-frame.js';
import { Step } from './step.js';
import { TracedPlace } from './traced-place.js';
import type { TracedSite } from './traced-place.js';

/** How many ways items may share: there are as many as there are ways through the graph. */
const MOST_SHARED = 10_000;

/** What items have in common at one node. */
interface KnownSite {
  place: TracedPlace;
  /** The step of an item with one output. */
  one: Step | undefined;
  /** The step of an item with no output. */
  none: Step | undefined;
}

/** Places and steps that the items of a run share: of each node those of its latest execution. */
export class KnownSteps {
  readonly #sites = new Map<TracedSite, KnownSite>();
  #shared = 0;

  placeAt(site: TracedSite, frame: ContextFrame): TracedPlace {
    return this.#at(site, frame).place;
  }

  stepAt(site: TracedSite, frame: ContextFrame, outputs: number, attempts: number, inputs: number): Step {
    const known = this.#at(site, frame);
    if (attempts !== 1 || inputs !== 1 || outputs > 1)
      return new Step(known.place, outputs, attempts, inputs);
    return outputs === 0
      ? (known.none ??= new Step(known.place, 0, 1, 1))
      : (known.one ??= new Step(known.place, 1, 1, 1));
  }

  /** Whether one more way may be kept for other items. */
  mayShareOneMore(): boolean {
    if (this.#shared === MOST_SHARED) return false;
    this.#shared += 1;
    return true;
  }

  #at(site: TracedSite, frame: ContextFrame): KnownSite {
    let known = this.#sites.get(site);
    if (known?.place.frame === frame) return known;
    known = { place: new TracedPlace(site, frame), one: undefined, none: undefined };
    this.#sites.set(site, known);
    return known;
  }
}
