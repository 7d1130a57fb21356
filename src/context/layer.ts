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
  protected listed: ReadonlyMap<string, Entry> | undefined;

  /** As many entries as {@link all} goes through to list them, at most. */
  abstract readonly weight: number;

  /** The entry of a name, undefined when absent or deleted. */
  abstract get(name: string): Entry | undefined;
  protected abstract collect(): Map<string, Entry>;

  /** Every entry, the oldest first; made once. */
  all(): ReadonlyMap<string, Entry> {
    return (this.listed ??= this.collect());
  }

  /** Every entry, for the caller to change. */
  copy(): Map<string, Entry> {
    return this.listed === undefined ? this.collect() : new Map(this.listed);
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
  override readonly weight: number;
  /** How many look-ups have gone to the layers below. */
  #passedOn = 0;

  constructor(
    readonly entries: ReadonlyMap<string, Entry>,
    readonly below: Layer | undefined,
  ) {
    super();
    this.weight = entries.size + (below?.weight ?? 0);
  }

  /** Once it has gone down as often as there are entries, a list of all of them has paid for itself. */
  override get(name: string): Entry | undefined {
    if (this.listed !== undefined) return this.listed.get(name);
    const entry = this.entries.get(name);
    if (entry !== undefined) return entry === DELETED ? undefined : entry;
    if (this.below === undefined) return undefined;
    this.#passedOn += 1;
    return this.#passedOn > this.weight ? this.all().get(name) : StackedLayer.#find(this.below, name);
  }

  protected override collect(): Map<string, Entry> {
    const all = this.below?.copy() ?? new Map<string, Entry>();
    for (const [name, entry] of this.entries) {
      if (entry === DELETED) all.delete(name);
      else all.set(name, entry);
    }
    return all;
  }

  /** Looks a name up in a layer and those below, without counting: of a chain, only what is asked itself lists all. */
  static #find(from: Layer, name: string): Entry | undefined {
    let layer: Layer | undefined = from;
    while (layer instanceof StackedLayer && layer.listed === undefined) {
      const entry = layer.entries.get(name);
      if (entry !== undefined) return entry === DELETED ? undefined : entry;
      layer = layer.below;
    }
    return layer?.get(name);
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
    entries = merge(rest.entries, entries);
    rest = rest.below;
  }
  entries = withoutIdleMarks(entries, rest);
  return entries.size === 0 ? (rest ?? EMPTY_LAYER) : new StackedLayer(entries, rest);
}

/** Lower entries and those above them, which are taken as they are where they repeat the lower names in order. */
function merge(
  lower: ReadonlyMap<string, Entry>,
  upper: ReadonlyMap<string, Entry>,
): ReadonlyMap<string, Entry> {
  if (startsWith(upper, lower)) return upper;
  const merged = new Map(lower);
  for (const [name, entry] of upper) merged.set(name, entry);
  return merged;
}

function startsWith(names: ReadonlyMap<string, unknown>, first: ReadonlyMap<string, unknown>): boolean {
  const others = names.keys();
  for (const name of first.keys()) if (others.next().value !== name) return false;
  return true;
}

/** Drops the marks of deleted entries that hide nothing. */
function withoutIdleMarks(
  entries: ReadonlyMap<string, Entry>,
  below: Layer | undefined,
): ReadonlyMap<string, Entry> {
  let kept: Map<string, Entry> | undefined;
  for (const [name, entry] of entries) {
    if (entry === DELETED && below?.get(name) === undefined) (kept ??= new Map(entries)).delete(name);
  }
  return kept ?? entries;
}
