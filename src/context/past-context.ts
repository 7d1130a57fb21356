import type { DictionaryKind } from './dictionary-kind.js';
import { perDictionary } from './dictionary-kind.js';
import type { TraceableContext } from './explain.js';
import type { Entry, Layer } from './layer.js';

/** One dictionary of a context at a moment: layers and entries, which nobody changes any more. */
interface PastDictionary {
  readonly base: Layer;
  readonly layer: Layer;
  readonly local: ReadonlyMap<string, Entry> | undefined;
}

/** A context that may still change. */
interface PresentContext extends TraceableContext {
  readonly parent: PresentContext | undefined;
  layer(kind: DictionaryKind): Layer;
  layers(): object;
  localEntries(kind: DictionaryKind): ReadonlyMap<string, Entry> | undefined;
}

/** A context as it stood at a moment, and those above it: it holds their layers, and none of the contexts. */
export class PastContext implements TraceableContext {
  readonly path: string;
  readonly parent: PastContext | undefined;
  readonly childSite: TraceableContext['childSite'];
  readonly #dictionaries: Readonly<Record<DictionaryKind, PastDictionary>>;

  static readonly #made = new WeakMap<PresentContext, { stamp: object; past: PastContext }>();

  private constructor(context: PresentContext, parent: PastContext | undefined) {
    this.path = context.path;
    this.parent = parent;
    this.childSite = context.childSite;
    this.#dictionaries = perDictionary((kind) => ({
      base: context.base(kind),
      layer: context.layer(kind),
      local: context.localEntries(kind),
    }));
  }

  /** A context as it stands now. */
  static of(context: PresentContext | undefined): PastContext | undefined {
    if (context === undefined) return undefined;
    const parent = PastContext.of(context.parent);
    const stamp = context.layers();
    const known = PastContext.#made.get(context);
    if (known !== undefined && known.stamp === stamp && known.past.parent === parent) return known.past;
    const past = new PastContext(context, parent);
    PastContext.#made.set(context, { stamp, past });
    return past;
  }

  dictionary(kind: DictionaryKind): { keys(): Iterable<string> } {
    const { layer, local } = this.#dictionaries[kind];
    return { keys: () => [...layer.all().keys(), ...(local?.keys() ?? [])] };
  }

  entry(kind: DictionaryKind, name: string): Entry | undefined {
    const { layer, local } = this.#dictionaries[kind];
    return local?.get(name) ?? layer.get(name);
  }

  isLocal(kind: DictionaryKind, name: string): boolean {
    return this.#dictionaries[kind].local?.has(name) === true;
  }

  base(kind: DictionaryKind): Layer {
    return this.#dictionaries[kind].base;
  }
}

/** A copy of a context, traced as the original: its values are the copy's own, their way is that of the original. */
export class CopyTrace implements TraceableContext {
  readonly path: string;
  readonly parent: PastContext | undefined;
  readonly childSite: TraceableContext['childSite'];
  readonly #copy: TraceableContext;
  readonly #bases: Readonly<Record<DictionaryKind, Layer>>;

  constructor(copy: TraceableContext, original: TraceableContext, above: PastContext | undefined) {
    this.path = original.path;
    this.parent = above;
    this.childSite = original.childSite;
    this.#copy = copy;
    this.#bases = perDictionary((kind) => original.base(kind));
  }

  dictionary(kind: DictionaryKind): { keys(): Iterable<string> } {
    return this.#copy.dictionary(kind);
  }

  entry(kind: DictionaryKind, name: string): Entry | undefined {
    return this.#copy.entry(kind, name);
  }

  isLocal(kind: DictionaryKind, name: string): boolean {
    return this.#copy.isLocal(kind, name);
  }

  base(kind: DictionaryKind): Layer {
    return this.#bases[kind];
  }
}
