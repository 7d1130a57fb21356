/** One value of a dictionary, and the path of the context that set it. */
export interface Entry {
  readonly value: unknown;
  readonly path: string;
}

/** Stands in a layer for an entry of a lower layer that was deleted. */
export const DELETED: Entry = Object.freeze({ value: undefined, path: '' });

/** Makes the layer a child starts from, out of the parent's. */
export interface LayerDerivation {
  derive(parent: Layer): Layer;
}

/**
 * An immutable set of entries that parents and children share.
 *
 * A child starts from the layer its parent has at that moment; what either writes later lies in layers of its
 * own above it. So a child costs the same whatever its parent holds.
 */
export abstract class Layer {
  #derived: Map<LayerDerivation, Layer> | undefined;
  #all: ReadonlyMap<string, Entry> | undefined;

  /** The entry of a name, undefined when absent or deleted. */
  abstract get(name: string): Entry | undefined;
  protected abstract collect(): Map<string, Entry>;

  /** Every entry, the oldest first; made once. */
  all(): ReadonlyMap<string, Entry> {
    return (this.#all ??= this.collect());
  }

  /** What a derivation makes of this layer; made once, so children of one parent share what they have looked up. */
  derived(derivation: LayerDerivation): Layer {
    const known = this.#derived?.get(derivation);
    if (known !== undefined) return known;
    const made = derivation.derive(this);
    (this.#derived ??= new Map()).set(derivation, made);
    return made;
  }
}

/** Entries above a lower layer; an entry that is {@link DELETED} hides the one below. */
export class StackedLayer extends Layer {
  constructor(
    readonly entries: ReadonlyMap<string, Entry>,
    readonly below: Layer | undefined,
  ) {
    super();
  }

  override get(name: string): Entry | undefined {
    const entry = this.entries.get(name);
    if (entry !== undefined) return entry === DELETED ? undefined : entry;
    return this.below?.get(name);
  }

  protected override collect(): Map<string, Entry> {
    const all = new Map(this.below?.all());
    for (const [name, entry] of this.entries) {
      if (entry === DELETED) all.delete(name);
      else all.set(name, entry);
    }
    return all;
  }
}

/** The layer without entries. */
export const EMPTY_LAYER: Layer = new StackedLayer(new Map(), undefined);

/**
 * Puts written entries on top of a layer.
 *
 * Small layers are merged with what comes on top of them, as in a log-structured merge tree (O'Neil et al.,
 * 1996), so that a parent which writes between every two children neither copies its entries nor grows a chain.
 */
export function stack(below: Layer, written: ReadonlyMap<string, Entry>): Layer {
  let entries = written;
  let rest: Layer | undefined = below === EMPTY_LAYER ? undefined : below;
  while (rest instanceof StackedLayer && rest.entries.size <= 2 * entries.size) {
    const merged = new Map(rest.entries);
    for (const [name, entry] of entries) merged.set(name, entry);
    entries = merged;
    rest = rest.below;
  }
  return new StackedLayer(rest === undefined ? withoutDeleted(entries) : entries, rest);
}

/** Nothing lies below, so that there is nothing left to hide. */
function withoutDeleted(entries: ReadonlyMap<string, Entry>): ReadonlyMap<string, Entry> {
  return new Map([...entries].filter(([, entry]) => entry !== DELETED));
}
