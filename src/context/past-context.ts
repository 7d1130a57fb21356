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

/** A context as it stood at a moment, and those above it: it holds their layers, and none of the contexts. */
export class PastContext implements TraceableContext {
  readonly path: string;
  readonly parent: PastContext | undefined;
  readonly childSite: TraceableContext['childSite'];
  readonly #dictionaries: Readonly<Record<DictionaryKind, PastDictionary>>;

  private constructor(context: TraceableContext) {
    this.path = context.path;
    this.parent = PastContext.of(context.parent);
    this.childSite = context.childSite;
    this.#dictionaries = perDictionary((kind) => ({
      base: context.base(kind),
      layer: context.layer(kind),
      local: context.localEntries(kind),
    }));
  }

  /** A context as it stands now. */
  static of(context: TraceableContext | undefined): PastContext | undefined {
    return context === undefined || context instanceof PastContext ? context : new PastContext(context);
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

  layer(kind: DictionaryKind): Layer {
    return this.#dictionaries[kind].layer;
  }

  localEntries(kind: DictionaryKind): ReadonlyMap<string, Entry> | undefined {
    return this.#dictionaries[kind].local;
  }
}

/** A copy of a context, traced as the original: its values are the copy's own, their way is that of the original. */
export class CopyTrace implements TraceableContext {
  readonly path: string;
  readonly parent: PastContext | undefined;
  readonly childSite: TraceableContext['childSite'];
  readonly #copy: TraceableContext;
  readonly #bases: Readonly<Record<DictionaryKind, Layer>>;

  constructor(copy: TraceableContext, original: TraceableContext) {
    this.path = original.path;
    this.parent = PastContext.of(original.parent);
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

  layer(kind: DictionaryKind): Layer {
    return this.#copy.layer(kind);
  }

  localEntries(kind: DictionaryKind): ReadonlyMap<string, Entry> | undefined {
    return this.#copy.localEntries(kind);
  }
}
