import { hasOwn, MOST_CLASSES, prototypeOf, readProperty } from '../data/foreign-value.js';
import { optionProblems, rule } from '../errors/option-rules.js';
import type { ChildContract } from '../context/child-contract.js';
import { isKey, keyName } from '../context/context-key.js';
import type { Key } from '../context/context-key.js';
import { dictionaryKinds, perDictionary } from '../context/dictionary-kind.js';
import { schemaOf } from '../context/key-value.js';
import type { DictionaryKind } from '../context/dictionary-kind.js';
import { isLinkageKey } from '../context/parent-linkage.js';
import { describeMisfit } from '../ports/error-record.js';
import { classNameOf } from './node-binding.js';

/** The keys that a definition needs in its context. */
export type Requirements = { readonly [TKind in DictionaryKind]?: readonly Key[] | undefined } & {
  /** Names of secrets; they are looked up before the first item. */
  readonly secrets?: readonly string[] | undefined;
};

/** What a definition says about itself: with the decorator, or as `static readonly pipeline`. */
export interface PipelineMetadata {
  /** The pipeline's name; default: the class name. */
  readonly name?: string | undefined;
  /** Words for people and tools; the framework makes nothing of them. */
  readonly description?: string | undefined;
  /** The version of the pipeline, such as `2`: records of lineage name it. */
  readonly version?: string | undefined;
  /** Keys that must be there: checked when a parent is built, and before the first item. */
  readonly requires?: Requirements | undefined;
}

/**
 * Names a definition class and declares what it needs.
 *
 * Works as a legacy and as a standard decorator; `static readonly pipeline = { ... }` says the same without one.
 *
 * @example
 * {@includeCode ../../examples/api/pipeline.ts}
 */
export function pipeline(metadata: PipelineMetadata) {
  return <TClass extends new (...args: never[]) => unknown>(
    target: TClass,
    _context?: ClassDecoratorContext<TClass>,
  ): void => {
    Object.defineProperty(target, 'pipeline', { value: metadata, configurable: true });
  };
}

/** What is known of a definition class: its name, and its metadata; a subclass inherits all but the name. */
export interface DefinitionFacts {
  readonly name: string;
  readonly metadata: PipelineMetadata;
  /** What is wrong with the metadata. */
  readonly problems: readonly string[];
}

const metadataRules = {
  name: rule.anything,
  description: rule.text,
  version: rule.text,
  requires: rule.object,
};

const isKeyList = (value: unknown): string | undefined => {
  if (!Array.isArray(value)) return 'a list of keys';
  const wrong: unknown[] = value.filter((key: unknown) => !isKey(key));
  if (wrong.length === 0) return undefined;
  return `a list of names and contextKeys${wrong.includes(undefined) ? `, not ${describeMisfit(undefined)}` : ''}`;
};

const requirementRules = {
  ...Object.fromEntries(dictionaryKinds.map((kind) => [kind, isKeyList])),
  secrets: rule.texts,
};

/** Reads what a definition's class says about it; never throws. */
export function definitionFacts(type: object): DefinitionFacts {
  const fallback = classNameOf(type) ?? 'pipeline';
  const own = ownMetadata(type);
  const said = [...baseClasses(type), type].map(ownMetadata).filter((given) => given !== undefined);
  const problems = said.flatMap(metadataProblems);
  if (problems.length > 0) return { name: fallback, metadata: {}, problems };
  const metadata = said.map((given) => given as PipelineMetadata).reduce(narrowed, {});
  // A subclass is another pipeline: it inherits all but the name.
  const name = readProperty(own, 'name');
  if (name === undefined || typeof name === 'string') return { name: name ?? fallback, metadata, problems };
  return { name: fallback, metadata, problems: [`'name' must be a text`] };
}

/** Every key that a definition declares: what `'required'` passes to its child. */
export function contractOf({ name, metadata }: DefinitionFacts): ChildContract {
  return {
    pipelineName: name,
    required: perDictionary(
      (kind) =>
        new Map(
          (metadata.requires?.[kind] ?? [])
            .map(keyName)
            .filter((key) => !isLinkageKey(kind, key))
            .map((key) => [key, []]),
        ),
    ),
  };
}

/** The classes above a class, the highest first. */
function baseClasses(type: object): object[] {
  const above: object[] = [];
  for (let at = prototypeOf(type); at !== null && above.length < MOST_CLASSES; at = prototypeOf(at))
    above.unshift(at);
  return above;
}

/** What a class says itself; undefined for nothing, and for a method that happens to be called so. */
function ownMetadata(type: object): unknown {
  const given = hasOwn(type, 'pipeline') ? readProperty(type, 'pipeline') : undefined;
  return typeof given === 'function' ? undefined : given;
}

function metadataProblems(given: unknown): string[] {
  const problems = optionProblems(given, metadataRules);
  const requires = readProperty(given, 'requires');
  return problems.length > 0 || requires === undefined
    ? problems
    : optionProblems(requires, requirementRules);
}

/** What a subclass says about itself, over what its base says; what the base needs, the subclass needs too. */
function narrowed(base: PipelineMetadata, sub: PipelineMetadata): PipelineMetadata {
  const { name: _, ...inherited } = base;
  const requires = bothRequired(base.requires, sub.requires);
  return { ...inherited, ...sub, ...(requires === undefined ? {} : { requires }) };
}

function bothRequired(
  base: Requirements | undefined,
  sub: Requirements | undefined,
): Requirements | undefined {
  if (base === undefined || sub === undefined) return base ?? sub;
  const both = ([...dictionaryKinds, 'secrets'] as const).flatMap((kind) => {
    const own = sub[kind] ?? [];
    const names = new Set(own.map(keyName));
    // A key that the subclass names again, perhaps with a default, is its own.
    const keys = [...(base[kind] ?? []).filter((key) => !names.has(keyName(key))), ...own];
    return keys.length === 0 ? [] : [[kind, keys] as const];
  });
  return Object.fromEntries(both);
}

/** Every required key with its dictionary; a key with a default satisfies itself. */
export function requiredKeys(metadata: PipelineMetadata): readonly (readonly [DictionaryKind, string])[] {
  return dictionaryKinds.flatMap((kind) =>
    (metadata.requires?.[kind] ?? [])
      .filter((key) => typeof key === 'string' || !key.hasDefault)
      .map((key) => [kind, keyName(key)] as const),
  );
}

/** Every required key that has a schema, with its dictionary. */
export function requiredSchemas(metadata: PipelineMetadata): readonly RequiredSchema[] {
  return dictionaryKinds.flatMap((kind) =>
    (metadata.requires?.[kind] ?? [])
      .filter((key) => schemaOf(key) !== undefined)
      .map((key) => [kind, key] as const),
  );
}

/** A key with a schema, and its dictionary: what stands under the name is parsed at the start. */
export type RequiredSchema = readonly [DictionaryKind, Key];
