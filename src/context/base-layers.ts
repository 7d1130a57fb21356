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
  /** Most parents have one composite. */
  #first: { readonly by: LayersDerivation; readonly layers: BaseLayers } | undefined;
  #others: Map<LayersDerivation, BaseLayers> | undefined;
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

  /** What a derivation makes of these layers; made once. */
  derived(derivation: LayersDerivation): BaseLayers {
    if (this.#first?.by === derivation) return this.#first.layers;
    const known = this.#others?.get(derivation);
    if (known !== undefined) return known;
    const layers = derivation.derive(this);
    if (this.#first === undefined) this.#first = { by: derivation, layers };
    else (this.#others ??= new Map()).set(derivation, layers);
    return layers;
  }
}

/** The layers of a context that starts without entries. */
export const EMPTY_LAYERS = new BaseLayers(EMPTY_LAYER, EMPTY_LAYER, EMPTY_LAYER);
