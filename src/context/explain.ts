import type { ChildInheritance } from './child-inheritance.js';
import type { DictionaryKind } from './dictionary-kind.js';
import { DELETED, StackedLayer } from './layer.js';
import type { Entry, Layer } from './layer.js';

/** One step on a value's way to a context. */
export interface ProvenanceHop {
  /** The path of the pipeline where it happened. */
  readonly path: string;
  /** What happened: `withheld` by the composite above, `overridden` by a value of the context's own, `deleted` by a node. */
  readonly action: 'set' | 'inherited' | 'renamed' | 'overridden' | 'default' | 'withheld' | 'deleted';
}

/** Where a value came from, the nearest hop last; no hops where nobody on the way has the key. */
export interface ContextProvenance {
  /** Where the value is; for an absent one, where it was withheld or was looked for. */
  readonly dictionary: DictionaryKind;
  /** From where it was set down to the context that was asked. */
  readonly hops: readonly ProvenanceHop[];
}

/** A context whose values can be traced. */
export interface TraceableContext {
  readonly path: string;
  readonly parent: TraceableContext | undefined;
  readonly childSite: { readonly inheritance: ChildInheritance } | undefined;
  dictionary(kind: DictionaryKind): { keys(): Iterable<string> };
  /** What a dictionary holds under a name. */
  entry(kind: DictionaryKind, name: string): Entry | undefined;
  /** Whether a name of a dictionary holds an entry that no child inherits. */
  isLocal(kind: DictionaryKind, name: string): boolean;
  /** What the dictionary started from. */
  base(kind: DictionaryKind): Layer;
}

/** Traces a name through the contexts above one; judged when asked. */
export function explain(frame: TraceableContext, kind: DictionaryKind, name: string): ContextProvenance {
  const entry = frame.entry(kind, name);
  const hops = entry === undefined ? absentHops(frame, kind, name) : presentHops(frame, kind, name, entry);
  return Object.freeze({ dictionary: kind, hops: Object.freeze(hops.map((hop) => Object.freeze(hop))) });
}

function presentHops(
  frame: TraceableContext,
  kind: DictionaryKind,
  name: string,
  entry: Entry,
): ProvenanceHop[] {
  const { parent, childSite, path } = frame;
  if (parent === undefined || childSite === undefined) return [{ path, action: 'set' }];
  const inherited = inheritedEntry(frame.base(kind), name, path);
  if (entry.path === path) {
    if (inherited === undefined) return [{ path, action: 'set' }];
    return [
      ...hopsAbove(parent, childSite.inheritance[kind].sourcesOf(name), kind, inherited),
      { path, action: 'overridden' },
    ];
  }
  const sources = childSite.inheritance[kind].sourcesOf(name);
  const source = sourceHolding(parent, kind, sources, entry);
  return [
    ...presentHops(parent, kind, source, entry),
    { path, action: source === name ? 'inherited' : 'renamed' },
  ];
}

function hopsAbove(
  parent: TraceableContext,
  sources: readonly string[],
  kind: DictionaryKind,
  entry: Entry,
): ProvenanceHop[] {
  return presentHops(parent, kind, sourceHolding(parent, kind, sources, entry), entry);
}

/** The parent's name that an inherited entry came from; the strongest where the parent has changed it since. */
function sourceHolding(
  parent: TraceableContext,
  kind: DictionaryKind,
  sources: readonly string[],
  entry: Entry,
): string {
  const holding = sources.find((source) => parent.entry(kind, source) === entry);
  return holding ?? sources[0] ?? '';
}

/** The entry that a child would have, had it and its `with` not set the name. */
function inheritedEntry(base: Layer, name: string, ownPath: string): Entry | undefined {
  let layer: Layer | undefined = base;
  while (layer instanceof StackedLayer) {
    const entry = layer.entries.get(name);
    if (entry === DELETED) return undefined;
    if (entry !== undefined && entry.path !== ownPath) return entry;
    layer = layer.below;
  }
  return layer?.get(name);
}

function absentHops(frame: TraceableContext, kind: DictionaryKind, name: string): ProvenanceHop[] {
  const { parent, childSite, path } = frame;
  const had = frame.base(kind).get(name);
  if (had !== undefined) return [...presentHops(frame, kind, name, had), { path, action: 'deleted' }];
  if (parent === undefined || childSite === undefined) return [];
  const sources = childSite.inheritance[kind].sourcesOf(name);
  for (const source of sources.length === 0 ? [name] : sources) {
    const above = explain(parent, kind, source).hops;
    if (above.length === 0) continue;
    // The parent lacks it too: the hop above that withheld or deleted it has the last word.
    if (parent.entry(kind, source) === undefined) return [...above];
    // Where the composite passes it, the parent has set it since this context started.
    const isHeldBack = sources.length === 0 || parent.isLocal(kind, source);
    return isHeldBack ? [...above, { path, action: 'withheld' }] : [...above];
  }
  return [];
}
