import { checkOptions, expectedBy, invalidOption, rule } from '../errors/option-rules.js';
import type { ChildContract } from './child-contract.js';
import { ChildInheritance } from './child-inheritance.js';
import type { ChildValues } from './child-inheritance.js';
import { CompositeContextConfiguration } from './composite-context-configuration.js';
import type { ConfigurationRecipe, PartialContextOptions } from './composite-context-configuration.js';
import { dictionaryKinds } from './dictionary-kind.js';
import { isInstanceOf } from '../data/foreign-value.js';
import { frozenCopy } from '../data/frozen-copy.js';
import type { SessionSharing } from '../run/run-services.js';
import type { PipelineContext } from './pipeline-context.js';

/** Gives the explicit values for the child of one item. */
export type ChildValuesOf<in TItem> = (item: TItem, parent: PipelineContext) => ChildValues | undefined;

/** The options of a composite that say what its child's context is made of. */
export interface ChildContextOptions<in TItem> {
  /** A preset, a configuration, or the options that differ from the default. */
  readonly contextConfiguration?: CompositeContextConfiguration | PartialContextOptions | undefined;
  /** Changes a draft of `contextConfiguration`, or of the default. */
  readonly configureContext?: ConfigurationRecipe | undefined;
  /** The only secrets that the child may read. Default: all that the parent may. */
  readonly secrets?: readonly string[] | undefined;
  /** What the child gets of the run's session: the same, the default, a copy of its own, or nothing. */
  readonly session?: SessionSharing | undefined;
  /** Explicit values for the child, or a function that gives them for each item. */
  readonly with?: ChildValues | ChildValuesOf<TItem> | undefined;
}

/**
 * Compiles a composite's options once.
 *
 * @param path the path of the child's pipeline.
 * @param contract what the child's definition says of its needs.
 * @throws {@link PipelineError} `OPTION_INVALID` or `CONTEXT_KEY_INVALID` for wrong options.
 */
export function compileInheritance(
  options: ChildContextOptions<never>,
  path: string,
  contract?: ChildContract,
): ChildInheritance {
  const values = options.with;
  const isPerItem = typeof values === 'function';
  if (!isPerItem) checkChildValues(values);
  const { session = 'shared' } = options;
  // Wrong names are reported with the other options.
  const secrets =
    expectedBy(rule.texts, options.secrets) === undefined
      ? frozenCopy(options.secrets, 'a composite', 'secrets', path)
      : undefined;
  const narrowing = secrets === undefined && session === 'shared' ? undefined : { path, secrets, session };
  return new ChildInheritance(
    configurationOf(options),
    isPerItem ? {} : (values ?? {}),
    path,
    isPerItem,
    narrowing,
    contract,
  );
}

/**
 * Refuses values that are not an object of dictionaries.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function checkChildValues(values: ChildValues | undefined, path?: string): void {
  checkOptions("'with'", values, valuesRules, path);
}

const valuesRules = Object.fromEntries(dictionaryKinds.map((kind) => [kind, rule.object]));

function configurationOf(options: ChildContextOptions<never>): CompositeContextConfiguration {
  const given = options.contextConfiguration;
  const base = isInstanceOf(given, CompositeContextConfiguration)
    ? given
    : CompositeContextConfiguration.create(given);
  if (options.configureContext === undefined) return base;
  if (typeof options.configureContext !== 'function') {
    throw invalidOption('a composite', "'configureContext' must be a function");
  }
  return base.with(options.configureContext);
}
