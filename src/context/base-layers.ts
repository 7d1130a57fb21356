import type { DictionaryKind } from './dictionary-kind.js';
import { EMPTY_LAYER } from './layer.js';
import type { Layer } from './layer.js';

/** Names of entries, each with its dictionary. */
export type EntryNames = readonly (readonly [DictionaryKind, string])[];

/** Makes the layers a child starts from, out of its parent's. */
export interface LayersDerivation {
  derive(parent: BaseLayers): BaseLayers;
}

/** The layers that the dictionaries of a context start from; children of one parent share them. */
export class BaseLayers {
  #derivation: LayersDerivation | undefined;
  #derived: BaseLayers | undefined;
  #complete: EntryNames | undefined;

  constructor(
    readonly parameters: Layer,
    readonly items: Layer,
    readonly properties: Layer,
  ) {}

  /** Whether every one of some entries is there; known again for the list that was last found complete. */
  holdsAll(entries: EntryNames): boolean {
    if (this.#complete === entries) return true;
    if (entries.some(([kind, name]) => this[kind].get(name) === undefined)) return false;
    this.#complete = entries;
    return true;
  }

  /** What a derivation makes of these layers; the latest one is kept, since the next child mostly asks for the same. */
  derived(derivation: LayersDerivation): BaseLayers {
    if (this.#derived === undefined || this.#derivation !== derivation) {
      this.#derivation = derivation;
      this.#derived = derivation.derive(this);
    }
    return this.#derived;
  }
}

/** The layers of a context that starts without entries. */
export const EMPTY_LAYERS = new BaseLayers(EMPTY_LAYER, EMPTY_LAYER, EMPTY_LAYER);
