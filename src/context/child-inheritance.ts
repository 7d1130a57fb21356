import { BaseLayers, EMPTY_LAYERS } from './base-layers.js';
import type { LayersDerivation } from './base-layers.js';
import type { CompositeContextConfiguration } from './composite-context-configuration.js';
import type { CompositeContextOptions } from './composite-context-configuration.js';
import { keyName } from './context-key.js';
import type { Key } from './context-key.js';
import { DictionaryInheritance } from './dictionary-inheritance.js';
import { dictionaryKinds, perDictionary } from './dictionary-kind.js';
import type { DictionaryKind } from './dictionary-kind.js';
import { entriesOf } from './entries-source.js';
import type { EntriesSource } from './entries-source.js';
import { frozenCopy } from '../data/frozen-copy.js';
import { stack } from './layer.js';
import type { Layer } from './layer.js';
import { refuseLinkageKey } from './parent-linkage.js';
import type { RunNarrowing } from '../run/run-services.js';
import type { ServiceInheritance } from './context-services.js';

/** Explicit values for a child; they go before what it inherits. */
export type ChildValues = { readonly [TKind in DictionaryKind]?: EntriesSource | undefined };

const dictionaryOption = {
  parameters: 'inheritParentParameters',
  items: 'inheritParentItems',
  properties: 'inheritParentProperties',
} as const satisfies Record<DictionaryKind, keyof CompositeContextOptions>;

/** What a child's context takes from its parent's, compiled once per composite. */
export class ChildInheritance implements LayersDerivation, ServiceInheritance {
  readonly parameters: DictionaryInheritance;
  readonly items: DictionaryInheritance;
  readonly properties: DictionaryInheritance;
  readonly #takesAll: boolean;
  /** What every child starts from where nothing comes from the parent. */
  readonly #fixed: BaseLayers | undefined;
  readonly takesAllServices: boolean;
  /** Explicit values under local keys: set in each child, so that they stay in it. */
  readonly localValues: ChildValues | undefined;

  /**
   * @param values explicit values that are the same for every child.
   * @param path the path of the child's pipeline, as the origin of its explicit values.
   * @param hasItemValues whether a function gives more values per item.
   * @param narrowing what the child gets less of than the run has.
   */
  constructor(
    readonly configuration: CompositeContextConfiguration,
    values: ChildValues,
    path: string,
    readonly hasItemValues: boolean,
    readonly narrowing?: RunNarrowing | undefined,
  ) {
    const pairs = perDictionary((kind) => [...entriesOf(values[kind])]);
    for (const [key] of pairs.properties) refuseLinkageKey('properties', keyName(key), path);
    const { inheritParentProperties: properties } = configuration;
    const renamed = typeof properties === 'object' ? Object.keys(properties.rename ?? {}) : [];
    for (const name of renamed) refuseLinkageKey('properties', name, path);
    const compiled = perDictionary((kind) => {
      const explicit = new Map(
        pairs[kind]
          .filter(([key]) => !isLocalKey(key))
          .map(([key, value]) => [
            keyName(key),
            { value: kind === 'items' ? value : frozenCopy(value, kind, keyName(key), path), path },
          ]),
      );
      const option = dictionaryOption[kind];
      return new DictionaryInheritance(configuration[option], explicit, `'${option}'`);
    });
    this.parameters = compiled.parameters;
    this.items = compiled.items;
    this.properties = compiled.properties;
    const { inheritExecutionObserver, inheritLineageSink, inheritDeadLetterDecorator } = configuration;
    this.takesAllServices =
      inheritExecutionObserver && inheritLineageSink && inheritDeadLetterDecorator && narrowing === undefined;
    const each = Object.values(compiled);
    this.#takesAll = each.every(({ takesAll }) => takesAll);
    this.#fixed = each.every(({ takesNothing }) => takesNothing) ? this.derive(EMPTY_LAYERS) : undefined;
    const local = perDictionary((kind) => pairs[kind].filter(([key]) => isLocalKey(key)));
    this.localValues = dictionaryKinds.some((kind) => local[kind].length > 0) ? local : undefined;
  }

  /** The layers a child starts from. */
  layersFor(parent: BaseLayers): BaseLayers {
    if (this.#fixed !== undefined) return this.#fixed;
    return this.#takesAll ? parent : parent.derived(this);
  }

  derive(parent: BaseLayers): BaseLayers {
    return new BaseLayers(
      this.parameters.layerFor(parent.parameters),
      this.items.layerFor(parent.items),
      this.properties.layerFor(parent.properties),
    );
  }

  /** Whether the child can have a key: explicitly, by inheritance, or, as nobody can know before, by a function of the item. */
  canPass(kind: DictionaryKind, key: Key): boolean {
    return this.hasItemValues || this[kind].canPass(key) || this.setsLocally(kind, keyName(key));
  }

  /** The parameters that a child of a parent with these would start with: what its `define` can read when it is built. */
  parametersLayer(parent: Layer): Layer {
    const shared = this.parameters.layerFor(parent);
    const local = [...entriesOf(this.localValues?.parameters)];
    if (local.length === 0) return shared;
    return stack(
      shared,
      new Map(
        local.map(([key, value]) => [
          keyName(key),
          { value: frozenCopy(value, 'parameters', keyName(key)), path: '' },
        ]),
      ),
    );
  }

  /** Whether the child gets a name explicitly, for itself alone. */
  setsLocally(kind: DictionaryKind, name: string): boolean {
    return [...entriesOf(this.localValues?.[kind])].some(([key]) => keyName(key) === name);
  }
}

/** How a composite would pass a key, in words for an error. */
export function passingRemedy(kind: DictionaryKind, name: string): string {
  return `Pass it with contextConfiguration: { ${dictionaryOption[kind]}: { pick: ['${name}'] } }, or give it with: { ${kind}: { '${name}': ... } }.`;
}

function isLocalKey(key: Key): boolean {
  return typeof key === 'object' && key.local;
}
