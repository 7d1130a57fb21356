import type { Key } from './context-key.js';
import { keyName } from './context-key.js';
import { CompiledSelection, SelectedLayer } from './key-selection.js';
import type { KeySelection } from './key-selection.js';
import { EMPTY_LAYER, StackedLayer } from './layer.js';
import type { Entry, Layer, LayerDerivation } from './layer.js';

/** How one dictionary of a child comes from its parent's: selection below, explicit values above. Compiled once per composite. */
export class DictionaryInheritance implements LayerDerivation {
  readonly #inherit: boolean | CompiledSelection;
  readonly #explicit: ReadonlyMap<string, Entry>;
  readonly #explicitOnly: Layer;

  constructor(inherit: boolean | KeySelection, explicit: ReadonlyMap<string, Entry>, subject: string) {
    this.#inherit = typeof inherit === 'boolean' ? inherit : new CompiledSelection(inherit, subject);
    this.#explicit = explicit;
    this.#explicitOnly = explicit.size === 0 ? EMPTY_LAYER : new StackedLayer(explicit, undefined);
  }

  /** Whether a child gets the parent's layer as it is. */
  get takesAll(): boolean {
    return this.#inherit === true && this.#explicit.size === 0;
  }

  /** Whether what a child gets does not depend on the parent. */
  get takesNothing(): boolean {
    return this.#inherit === false;
  }

  /** The layer a child starts from. */
  layerFor(parent: Layer): Layer {
    if (this.#inherit === false || parent === EMPTY_LAYER) return this.#explicitOnly;
    return this.takesAll ? parent : parent.derived(this);
  }

  derive(parent: Layer): Layer {
    const inherited =
      this.#inherit instanceof CompiledSelection ? new SelectedLayer(parent, this.#inherit) : parent;
    return this.#explicit.size === 0 ? inherited : new StackedLayer(this.#explicit, inherited);
  }

  /** Whether the child gets a name as an explicit value. */
  sets(name: string): boolean {
    return this.#explicit.has(name);
  }

  /** The parent's names that may give the child's name, the strongest first. */
  sourcesOf(name: string): readonly string[] {
    if (this.#inherit instanceof CompiledSelection) return this.#inherit.sourcesOf(name);
    return this.#inherit ? [name] : [];
  }

  /** Whether the child can have a key at all: as an explicit value or from its parent. */
  canPass(key: Key): boolean {
    const name = keyName(key);
    return this.sets(name) || this.sourcesOf(name).length > 0;
  }
}
