import type { Blueprint } from '../builder/blueprint.js';
import { passingRemedy } from '../context/child-inheritance.js';
import type { ChildInheritance } from '../context/child-inheritance.js';
import type { ContextFrame } from '../context/context-frame.js';
import type { DictionaryKind } from '../context/dictionary-kind.js';
import { PipelineError } from '../errors/pipeline-error.js';

/** Keys that a pipeline must have, with their dictionaries. */
export type RequiredKeys = Blueprint['requires'];

/**
 * Checks before the first item that every required key of the tree will be there, as far as anybody can know.
 *
 * @throws {@link PipelineError} `CONTEXT_REQUIREMENT_UNMET`.
 */
export function checkRequirements(blueprint: Blueprint, frame: ContextFrame): void {
  requireKeys(blueprint.requires, frame, blueprint.path);
  const held = (kind: DictionaryKind, name: string): boolean =>
    frame.dictionary(kind).entry(name) !== undefined;
  const isInheritable = (kind: DictionaryKind, name: string): boolean =>
    frame.layer(kind).get(name) !== undefined;
  checkChildren(blueprint, { held, isInheritable });
}

/** Whether a context will hold a key, as far as it is known before the run. */
interface ExpectedKeys {
  held(kind: DictionaryKind, name: string): boolean;
  isInheritable(kind: DictionaryKind, name: string): boolean;
}

function checkChildren(blueprint: Blueprint, parent: ExpectedKeys): void {
  for (const { path, composite } of blueprint.nodes) {
    if (composite === undefined) continue;
    const expected = expectedInChild(composite.inheritance, parent);
    for (const [kind, name] of composite.requires) {
      if (!expected.held(kind, name)) {
        throw unmet(
          path,
          kind,
          name,
          `Give it in the run's context, or at the composite: ${passingRemedy(kind, name)}`,
        );
      }
    }
    if (composite.child !== undefined) checkChildren(composite.child, expected);
  }
}

function expectedInChild(inheritance: ChildInheritance, parent: ExpectedKeys): ExpectedKeys {
  const isInheritable = (kind: DictionaryKind, name: string): boolean =>
    inheritance.hasItemValues ||
    inheritance[kind].sets(name) ||
    inheritance[kind].sourcesOf(name).some((source) => parent.isInheritable(kind, source));
  const held = (kind: DictionaryKind, name: string): boolean =>
    isInheritable(kind, name) || inheritance.setsLocally(kind, name);
  return { held, isInheritable };
}

/** A secret that a pipeline must have, and the path of the pipeline. */
export interface RequiredSecret {
  readonly name: string;
  readonly path: string;
}

/** Every secret that the tree requires, as far as it is described. */
export function requiredSecrets({ requiredSecrets: own, nodes, path }: Blueprint): RequiredSecret[] {
  const below = nodes.flatMap(({ composite, path: childPath }) => {
    if (composite === undefined) return [];
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
 * @throws {@link PipelineError} `CONTEXT_REQUIREMENT_UNMET`.
 */
export function requireKeys(required: RequiredKeys, frame: ContextFrame, path: string): void {
  if (frame.holdsAll(required)) return;
  for (const [kind, name] of required) {
    if (frame.dictionary(kind).entry(name) === undefined)
      throw unmet(path, kind, name, frame.hintFor(kind, name));
  }
}

function unmet(path: string, kind: DictionaryKind, name: string, hint?: string): PipelineError {
  return new PipelineError('CONTEXT_REQUIREMENT_UNMET', {
    path,
    problem: `'${name}' is required in the ${kind}, but it is absent.`,
    remedy: hint ?? `Give it in the ${kind} of the run's context.`,
  });
}
