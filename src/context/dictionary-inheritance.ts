import type { RequiredNames } from './child-contract.js';
import type { Key } from './context-key.js';
import { keyName } from './context-key.js';
import { CompiledSelection, SelectedLayer } from './key-selection.js';
import type { InheritedKeys } from './key-selection.js';
import { EMPTY_LAYER, StackedLayer } from './layer.js';
import type { Entry, Layer, LayerDerivation } from './layer.js';

/** How one dictionary of a child comes from its parent's: selection below, explicit values above. Compiled once per composite. */
export class DictionaryInheritance implements LayerDerivation {
  readonly #inherit: boolean | CompiledSelection;
  readonly #explicit: ReadonlyMap<string, Entry>;
  readonly #explicitOnly: Layer;

  /** @param required what the child requires of this dictionary. */
  constructor(
    inherit: InheritedKeys,
    explicit: ReadonlyMap<string, Entry>,
    private readonly subject: string,
    private readonly required: RequiredNames = new Map(),
  ) {
    this.#inherit =
      typeof inherit === 'boolean' ? inherit : new CompiledSelection(inherit, subject, required.keys());
    this.#explicit = explicit;
    this.#explicitOnly = explicit.size === 0 ? EMPTY_LAYER : new StackedLayer(explicit, undefined);
  }

  /** Whether a child gets the parent's layer as it is. */
  get takesAll(): boolean {
    return this.#inherit === true && this.#explicit.size === 0;
  }

  /** Whether what a child gets does not depend on the parent. */
  get takesNothing(): boolean {
    return this.#inherit === false || this.selection?.isEmpty === true;
  }

  /** Whether the keys that the child requires pass, whatever they are. */
  get isByContract(): boolean {
    return this.selection?.byContract === true;
  }

  /** Whether a child gets names, as they are, that are mentioned nowhere. */
  get passesOthers(): boolean {
    return this.#inherit === true || this.selection?.passesOthers === true;
  }

  /** The child's names that the selection mentions, or explicit values give. */
  get mentioned(): readonly string[] {
    return [...this.#explicit.keys(), ...(this.selection?.mentioned ?? [])];
  }

  /** The selection of keys; undefined for all and for nothing. */
  get selection(): CompiledSelection | undefined {
    return typeof this.#inherit === 'boolean' ? undefined : this.#inherit;
  }

  /** The layer a child starts from. */
  layerFor(parent: Layer): Layer {
    if (parent === EMPTY_LAYER || this.takesNothing) return this.#explicitOnly;
    return this.takesAll ? parent : parent.derived(this);
  }

  derive(parent: Layer): Layer {
    return this.#below(parent, this.selection);
  }

  /** All that could reach the child if it were required there; for descriptions only, so nothing is kept. */
  openLayer(parent: Layer): Layer {
    return this.isByContract
      ? this.#below(parent, this.selection?.opened(this.subject))
      : this.layerFor(parent);
  }

  #below(parent: Layer, selection: CompiledSelection | undefined): Layer {
    const inherited = selection === undefined ? parent : new SelectedLayer(parent, selection);
    return this.#explicit.size === 0 ? inherited : new StackedLayer(this.#explicit, inherited);
  }

  /** Whether the child gets a name as an explicit value. */
  sets(name: string): boolean {
    return this.#explicit.has(name);
  }

  /** The parent's names that may give the child's name, the strongest first. */
  sourcesOf(name: string): readonly string[] {
    return this.selection?.sourcesOf(name) ?? (this.#inherit === true ? [name] : []);
  }

  /** What the child requires and gets by that: not what is omitted, renamed or given explicitly. */
  get passingByContract(): RequiredNames {
    const passes = (name: string): boolean =>
      !this.sets(name) && this.selection?.requiredSourceOf(name) === name;
    return new Map([...this.required].filter(([name]) => passes(name)));
  }

  /** Whether the child can have a key at all: as an explicit value or from its parent. */
  canPass(key: Key): boolean {
    const name = keyName(key);
    return this.sets(name) || this.sourcesOf(name).length > 0;
  }
}
