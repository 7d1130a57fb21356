import { BaseLayers, EMPTY_LAYERS } from './base-layers.js';
import type { LayersDerivation } from './base-layers.js';
import { NO_CONTRACT, withPassing } from './child-contract.js';
import type { ChildContract, PassingKey } from './child-contract.js';
import type {
  CompositeContextConfiguration,
  CompositeContextOptions,
} from './composite-context-configuration.js';
import { keyName } from './context-key.js';
import type { Key } from './context-key.js';
import { DictionaryInheritance } from './dictionary-inheritance.js';
import { dictionaryKinds, perDictionary } from './dictionary-kind.js';
import type { DictionaryKind } from './dictionary-kind.js';
import { entriesOf } from './entries-source.js';
import type { EntriesSource } from './entries-source.js';
import { frozenCopy } from '../data/frozen-copy.js';
import { entryThrough } from './key-value.js';
import { stack } from './layer.js';
import type { Layer } from './layer.js';
import { refuseLinkageKey } from './parent-linkage.js';
import type { RunNarrowing } from '../run/run-services.js';
import type { ServiceInheritance } from './context-services.js';

type ChildPairs = Readonly<Record<DictionaryKind, readonly (readonly [Key, unknown])[]>>;

/** Explicit values for a child; they go before what it inherits. */
export type ChildValues = { readonly [TKind in DictionaryKind]?: EntriesSource | undefined };

/** The option of a configuration that is about each dictionary. */
export const dictionaryOption = {
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
  /** The explicit values, copied. */
  readonly #values: ChildPairs;
  /** The inheritances with more keys, by the names of these keys. */
  readonly #reaching = new Map<string, ChildInheritance>();

  /**
   * @param values explicit values that are the same for every child.
   * @param path the path of the child's pipeline, as the origin of its explicit values.
   * @param hasItemValues whether a function gives more values per item.
   * @param narrowing what the child gets less of than the run has.
   * @param contract what is known of the child's needs.
   */
  constructor(
    readonly configuration: CompositeContextConfiguration,
    values: ChildValues,
    private readonly path: string,
    readonly hasItemValues: boolean,
    readonly narrowing?: RunNarrowing | undefined,
    readonly contract: ChildContract = NO_CONTRACT,
  ) {
    const pairs = perDictionary((kind) =>
      [...entriesOf(values[kind])].map(
        ([key, value]) =>
          [key, kind === 'items' ? value : frozenCopy(value, kind, keyName(key), path)] as const,
      ),
    );
    for (const [key] of pairs.properties) refuseLinkageKey('properties', keyName(key), path);
    const { inheritParentProperties: properties } = configuration;
    const renamed = typeof properties === 'object' ? Object.keys(properties.rename ?? {}) : [];
    for (const name of renamed) refuseLinkageKey('properties', name, path);
    const compiled = perDictionary((kind) => {
      const shared = pairs[kind].filter(([key]) => !isLocalKey(key));
      const explicit = new Map(
        shared.map(([key, value]) => [keyName(key), entryThrough(key, keyName(key), value, kind, path)]),
      );
      const option = dictionaryOption[kind];
      return new DictionaryInheritance(
        configuration[option],
        explicit,
        `'${option}'`,
        contract.required[kind],
      );
    });
    this.#values = pairs;
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

  /**
   * The inheritance of a child through which more keys pass: those that its own composites take as required.
   *
   * One object for one set of keys, since parents remember what they have derived by it.
   */
  reaching(passing: readonly PassingKey[]): ChildInheritance {
    const contract = withPassing(
      this.contract,
      passing.filter(({ kind }) => this[kind].isByContract),
    );
    if (contract === this.contract) return this;
    const names = JSON.stringify(perDictionary((kind) => [...contract.required[kind].keys()].sort()));
    let reaching = this.#reaching.get(names);
    if (reaching === undefined) {
      const { configuration, path, hasItemValues, narrowing } = this;
      reaching = new ChildInheritance(configuration, this.#values, path, hasItemValues, narrowing, contract);
      this.#reaching.set(names, reaching);
    }
    return reaching;
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
    return this.setsLocally(kind, keyName(key)) || this.canHandOn(kind, keyName(key));
  }

  /** Whether the child's own children can have a key of the child. */
  canHandOn(kind: DictionaryKind, name: string): boolean {
    return this.hasItemValues || (!this.setsLocally(kind, name) && this[kind].canPass(name));
  }

  /** The parameters that a child of a parent with these would start with: what its `define` can read when it is built. */
  parametersLayer(parent: Layer): Layer {
    const shared = this.parameters.layerFor(parent);
    const local = [...entriesOf(this.localValues?.parameters)];
    if (local.length === 0) return shared;
    return stack(
      shared,
      new Map(
        local.map(([key, value]) => [keyName(key), entryThrough(key, keyName(key), value, 'parameters', '')]),
      ),
    );
  }

  /** Whether the child gets a name explicitly, for itself alone. */
  setsLocally(kind: DictionaryKind, name: string): boolean {
    return this.localNames(kind).includes(name);
  }

  /** The names that the child gets explicitly, for itself alone. */
  localNames(kind: DictionaryKind): readonly string[] {
    return [...entriesOf(this.localValues?.[kind])].map(([key]) => keyName(key));
  }
}

/**
 * How a composite would pass a key, in words for an error.
 *
 * @param at the composite; without it, one with the default options.
 * @param isRequired whether the child, or a pipeline below it, declares the key.
 */
export function passingRemedy(
  kind: DictionaryKind,
  name: string,
  at?: ChildInheritance,
  isRequired = at?.contract.required[kind].has(name) === true,
): string {
  const option = dictionaryOption[kind];
  const selection = at?.[kind].selection;
  return `${way()}, or give it with: { ${kind}: { '${name}': ... } }.`;

  function way(): string {
    if (selection?.omits(name) === true) return `Take '${name}' out of 'omit' in ${option}`;
    if (selection?.byContract === true) {
      const child = at?.contract.pipelineName;
      return `Declare it in ${child === undefined ? 'the child' : `'${child}'`}, with requires: { ${kind}: ['${name}'] }`;
    }
    if (selection !== undefined) return `Add '${name}' to 'pick' in ${option}`;
    const keys = isRequired ? "'required'" : `{ pick: ['${name}'] }`;
    return `Pass it with contextConfiguration: { ${option}: ${keys} }`;
  }
}

function isLocalKey(key: Key): boolean {
  return typeof key === 'object' && key.local;
}
