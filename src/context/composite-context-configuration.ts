import { invalidOption, optionProblems, rule } from '../errors/option-rules.js';
import { frozenCopy } from '../data/frozen-copy.js';
import { CompiledSelection } from './key-selection.js';
import type { InheritedKeys } from './key-selection.js';
import { applyRecipe } from '../data/recipe.js';

/** What a composite's child takes from its parent. */
export interface CompositeContextOptions {
  /** All parameters, none, exactly those that the child requires, or a selection of keys. Default `false`. */
  inheritParentParameters: InheritedKeys;
  /** All context items, none, exactly those that the child requires, or a selection of keys. Default `false`. */
  inheritParentItems: InheritedKeys;
  /** All properties, none, exactly those that the child requires, or a selection of keys. Default `false`. */
  inheritParentProperties: InheritedKeys;
  /** The same `runId`; off: a new one, linked by `parentRunId`. Default `true`. */
  inheritRunIdentity: boolean;
  /** The child's lineage goes to the parent's sink. Default `true`. */
  inheritLineageSink: boolean;
  /** Events of the child's nodes reach the parent's observer. Default `true`. */
  inheritExecutionObserver: boolean;
  /** Failed items of the child reach the parent's dead-letter sink, with its decorator. Default `true`. */
  inheritDeadLetterDecorator: boolean;
}

/** Some of the options; one that is undefined is as one that is not named. */
export type PartialContextOptions = {
  readonly [TOption in keyof CompositeContextOptions]?: CompositeContextOptions[TOption] | undefined;
};

/**
 * Changes a draft of the options, or returns other options; it cannot be asynchronous.
 *
 * What an assignment in an arrow function returns is ignored.
 */
export type ConfigurationRecipe = (
  draft: CompositeContextOptions,
  // A function that returns nothing is one, too.
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type
) => void | null | undefined | boolean | string | number | (object & { readonly then?: undefined });

/** The one list of the options, with their defaults. */
const defaults: Readonly<CompositeContextOptions> = Object.freeze({
  inheritParentParameters: false,
  inheritParentItems: false,
  inheritParentProperties: false,
  inheritRunIdentity: true,
  inheritLineageSink: true,
  inheritExecutionObserver: true,
  inheritDeadLetterDecorator: true,
});

const optionNames = Object.keys(defaults) as readonly (keyof CompositeContextOptions)[];

/** The options that take a key selection: those that are off by default. */
const selectable = optionNames.filter((name) => name.startsWith('inheritParent'));

/**
 * An immutable statement of what a composite's child inherits: a preset, {@link CompositeContextConfiguration.create}
 * over the defaults, or {@link CompositeContextConfiguration.with} over another configuration.
 *
 * @example
 * {@includeCode ../../examples/api/composite-context-configuration.ts}
 */
export class CompositeContextConfiguration implements Readonly<CompositeContextOptions> {
  /** No data; run identity, lineage sink, observer and dead-letter sink are inherited. */
  static readonly default = new CompositeContextConfiguration();
  /** All seven on. */
  static readonly inheritAll = new CompositeContextConfiguration(eachOption(() => true));
  /** All seven off. */
  static readonly isolated = new CompositeContextConfiguration(eachOption(() => false));
  /** The default, with exactly the keys that the child requires, and those that its composites take as required. */
  static readonly required = new CompositeContextConfiguration(
    eachOption((name) => (selectable.includes(name) ? 'required' : defaults[name])),
  );

  declare readonly inheritParentParameters: InheritedKeys;
  declare readonly inheritParentItems: InheritedKeys;
  declare readonly inheritParentProperties: InheritedKeys;
  declare readonly inheritRunIdentity: boolean;
  declare readonly inheritLineageSink: boolean;
  declare readonly inheritExecutionObserver: boolean;
  declare readonly inheritDeadLetterDecorator: boolean;

  /**
   * The defaults with some options changed, like {@link CompositeContextConfiguration.create}.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` for an unknown option or a wrong value.
   */
  constructor(options: PartialContextOptions = {}) {
    const all = checked(options);
    for (const name of optionNames)
      Object.assign(this, { [name]: frozenCopy(all[name], 'a context configuration', name) });
    Object.freeze(this);
  }

  /**
   * The defaults with some options changed.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` for an unknown option or a wrong value.
   */
  static create(options: PartialContextOptions = {}): CompositeContextConfiguration {
    return new CompositeContextConfiguration(options);
  }

  /**
   * A copy changed by a recipe over these options.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` for an unknown option or a wrong value, `CONTEXT_RECIPE_ASYNC` when
   * the recipe returns a promise.
   */
  with(recipe: ConfigurationRecipe): CompositeContextConfiguration {
    const options = eachOption((name) => this[name]);
    return new CompositeContextConfiguration(applyRecipe(options, recipe, 'a context configuration'));
  }

  static {
    // A bundler renames a class that names itself.
    Object.defineProperty(this, 'name', { value: 'CompositeContextConfiguration' });
    Object.freeze(this);
  }
}

function eachOption(valueOf: (name: keyof CompositeContextOptions) => unknown): CompositeContextOptions {
  return Object.fromEntries(
    optionNames.map((name) => [name, valueOf(name)]),
  ) as unknown as CompositeContextOptions;
}

/** The options over the defaults; an undefined one is as one that is not named. */
function completed(options: PartialContextOptions): CompositeContextOptions {
  const named = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...defaults, ...named };
}

function checked(given: PartialContextOptions): CompositeContextOptions {
  const subject = 'a context configuration';
  const inheritedKeys = (value: unknown): string | undefined =>
    typeof value === 'boolean' || value === 'required' || (typeof value === 'object' && value !== null)
      ? undefined
      : "'required', true, false or a key selection";
  const rules = optionNames.map(
    (name) => [name, selectable.includes(name) ? inheritedKeys : rule.boolean] as const,
  );
  // Not by way of checkOptions, which takes undefined as no options at all.
  const problems = optionProblems(given, Object.fromEntries(rules));
  if (problems.length > 0) throw invalidOption(subject, problems.join('; '));
  const options = completed(given);
  for (const name of selectable) {
    const value = options[name];
    if (typeof value === 'object') new CompiledSelection(value, `${subject}, '${name}'`);
  }
  return options;
}
