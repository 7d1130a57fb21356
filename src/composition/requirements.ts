import { subPipelines } from '../builder/blueprint.js';
import type { Blueprint } from '../builder/blueprint.js';
import type { RequiredSchema } from '../builder/pipeline-metadata.js';
import { passingRemedy } from '../context/child-inheritance.js';
import type { ChildInheritance } from '../context/child-inheritance.js';
import type { ContextFrame } from '../context/context-frame.js';
import { keyName } from '../context/context-key.js';
import { valueThrough } from '../context/key-value.js';
import type { DictionaryKind } from '../context/dictionary-kind.js';
import { explain } from '../context/explain.js';
import { localHint } from '../context/missing-key.js';
import { isLinkageKey } from '../context/parent-linkage.js';
import { PipelineError } from '../errors/pipeline-error.js';

/** Keys that a pipeline must have, with their dictionaries. */
export type RequiredKeys = Blueprint['requires'];

/**
 * Checks before the first item that every required key of the tree will be there, as far as anybody can know.
 *
 * @throws {@link PipelineError} `CONTEXT_REQUIREMENT_UNMET`, which names all keys that are absent, and
 * `CONTEXT_VALUE_INVALID` for what a key's schema refuses.
 */
export function checkRequirements(blueprint: Blueprint, frame: ContextFrame): void {
  const absent = [
    ...absentIn(blueprint.requires, frame, blueprint.path),
    ...absentBelow(blueprint, expectedAtRoot(frame)),
  ];
  if (absent.length > 0) throw unmet(absent, blueprint.path);
  parseRequired(blueprint.requiredSchemas, frame, blueprint.path);
}

/** A required key that is not there, or will not be. */
interface AbsentKey {
  readonly path: string;
  readonly kind: DictionaryKind;
  readonly name: string;
  readonly remedy: string;
}

/** What a context will hold, as far as it is known before the run; each answer is why a key will be absent, in words. */
interface ExpectedKeys {
  lacks(kind: DictionaryKind, name: string): string | undefined;
  /** The same for what its children can inherit. */
  withholds(kind: DictionaryKind, name: string): string | undefined;
}

function absentBelow(blueprint: Blueprint, parent: ExpectedKeys): AbsentKey[] {
  return blueprint.nodes.flatMap(subPipelines).flatMap(({ path, composite }) => {
    const expected = expectedInChild(path, composite.passes, parent);
    const absent = composite.requires.flatMap(([kind, name]) => {
      const remedy = expected.lacks(kind, name);
      return remedy === undefined ? [] : [{ path, kind, name, remedy }];
    });
    return composite.child === undefined ? absent : [...absent, ...absentBelow(composite.child, expected)];
  });
}

function expectedAtRoot(frame: ContextFrame): ExpectedKeys {
  const withholds = (kind: DictionaryKind, name: string): string | undefined => {
    if (frame.layer(kind).get(name) !== undefined) return undefined;
    if (frame.isLocal(kind, name)) return localHint(frame.path, kind, name);
    const given = `Give '${name}' in the ${kind} of the run's context, or give it at a composite above, with: { ${kind}: { '${name}': ... } }.`;
    return withHint(given, frame, kind, name);
  };
  return { lacks: withholds, withholds };
}

function expectedInChild(path: string, inheritance: ChildInheritance, parent: ExpectedKeys): ExpectedKeys {
  const inherits = (kind: DictionaryKind, name: string): string | undefined => {
    if (inheritance.hasItemValues || inheritance[kind].sets(name)) return undefined;
    const reasons = inheritance[kind].sourcesOf(name).map((source) => parent.withholds(kind, source));
    if (reasons.includes(undefined)) return undefined;
    return (
      reasons[0] ?? `The composite '${path}' does not pass it on. ${passingRemedy(kind, name, inheritance)}`
    );
  };
  return {
    lacks: (kind, name) => (inheritance.setsLocally(kind, name) ? undefined : inherits(kind, name)),
    withholds: (kind, name) =>
      inheritance.setsLocally(kind, name) ? localHint(path, kind, name) : inherits(kind, name),
  };
}

/** A secret that a pipeline must have, and the path of the pipeline. */
export interface RequiredSecret {
  readonly name: string;
  readonly path: string;
}

/** What a tree of pipelines must have, as far as it is described: looked up once, not in every run. */
export interface TreeNeeds {
  /** Whether any pipeline requires any key. */
  readonly hasKeys: boolean;
  readonly secrets: readonly RequiredSecret[];
}

/** Looks up what a tree needs. */
export function needsOf(blueprint: Blueprint): TreeNeeds {
  return { hasKeys: requiresKeys(blueprint), secrets: requiredSecrets(blueprint) };
}

function requiresKeys({ requires, requiredSchemas, nodes }: Blueprint): boolean {
  return (
    requires.length + requiredSchemas.length > 0 ||
    nodes
      .flatMap(subPipelines)
      .some(
        ({ composite: { requires: keys, child } }) =>
          keys.length > 0 || (child !== undefined && requiresKeys(child)),
      )
  );
}

/** Every secret that the tree requires. */
function requiredSecrets({ requiredSecrets: own, nodes, path }: Blueprint): RequiredSecret[] {
  const below = nodes.flatMap(subPipelines).flatMap(({ composite, path: childPath }) => {
    // What is not described yet is known by its class only.
    return composite.child === undefined
      ? composite.requiredSecrets.map((name) => ({ name, path: childPath }))
      : requiredSecrets(composite.child);
  });
  return [...own.map((name) => ({ name, path })), ...below];
}

/**
 * Checks that a context which starts now has every required key.
 *
 * @param late the name of a pipeline that was described too late for those above to know its needs.
 * @throws {@link PipelineError} `CONTEXT_REQUIREMENT_UNMET`, which names all keys that are absent.
 */
export function requireKeys(required: RequiredKeys, frame: ContextFrame, path: string, late?: string): void {
  if (frame.holdsAll(required)) return;
  const absent = absentIn(required, frame, path).map((key) =>
    late === undefined ? key : { ...key, remedy: lateRemedy(late, key, frame) },
  );
  if (absent.length > 0) throw unmet(absent, path);
}

/**
 * Parses the entries of required keys with a schema, so that what it refuses is refused before any item.
 *
 * @throws {@link PipelineError} `CONTEXT_VALUE_INVALID`.
 */
export function parseRequired(required: readonly RequiredSchema[], frame: ContextFrame, path: string): void {
  for (const [kind, key] of required) {
    const entry = frame.entry(kind, keyName(key));
    if (entry !== undefined) valueThrough(key, entry, kind, path);
  }
}

function lateRemedy(pipelineName: string, { kind, name, remedy }: AbsentKey, frame: ContextFrame): string {
  const declare = `A composite in '${pipelineName}' needs it, which could not be known before this item: declare it in '${pipelineName}', with requires: { ${kind}: ['${name}'] }.`;
  const last = explain(frame, kind, name).hops.at(-1)?.action;
  if (last === 'withheld') return declare;
  return last === undefined ? `${declare} ${remedy}` : remedy;
}

function absentIn(required: RequiredKeys, frame: ContextFrame, path: string): AbsentKey[] {
  return required
    .filter(([kind, name]) => frame.entry(kind, name) === undefined)
    .map(([kind, name]) => ({ path, kind, name, remedy: remedyIn(frame, kind, name) }));
}

/** What to do about a key that a context lacks. */
function remedyIn(frame: ContextFrame, kind: DictionaryKind, name: string): string {
  const given = `Give it in the ${kind} of the run's context.`;
  return frame.parent === undefined && !isLinkageKey(kind, name)
    ? withHint(given, frame, kind, name)
    : (frame.hintFor(kind, name) ?? given);
}

function withHint(remedy: string, frame: ContextFrame, kind: DictionaryKind, name: string): string {
  const hint = frame.hintFor(kind, name);
  return hint === undefined ? remedy : `${remedy} ${hint}`;
}

/** One error for all keys that are absent; places that one remedy serves are named together. */
function unmet(absent: readonly AbsentKey[], path: string): PipelineError {
  const groups = new Map<string, AbsentKey[]>();
  for (const key of absent) {
    const id = JSON.stringify([key.kind, key.name, key.remedy]);
    groups.set(id, [...(groups.get(id) ?? []), key]);
  }
  const parts = [...groups.values()].flatMap(([key, ...more]) =>
    key === undefined ? [] : [partOf(key, more)],
  );
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return new PipelineError('CONTEXT_REQUIREMENT_UNMET', first);
  const lines = parts.map((part) => `\n  - ${part.path}: ${part.problem} ${part.remedy}`).join('');
  return new PipelineError('CONTEXT_REQUIREMENT_UNMET', {
    path,
    problem: `${String(parts.length)} required keys are absent:${lines}\n`,
    remedy: 'Do what each line proposes.',
  });
}

function partOf(
  { path, kind, name, remedy }: AbsentKey,
  more: readonly AbsentKey[],
): { path: string; problem: string; remedy: string } {
  const also =
    more.length === 0 ? '' : ` It is needed at ${more.map((key) => `'${key.path}'`).join(', ')} too.`;
  return { path, problem: `'${name}' is required in the ${kind}, but it is absent.${also}`, remedy };
}
