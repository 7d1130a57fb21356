import type { NeedingPipeline, PassingKey } from '../context/child-contract.js';
import { dictionaryKinds } from '../context/dictionary-kind.js';
import type { DictionaryKind } from '../context/dictionary-kind.js';
import type { CompositeBlueprint } from './blueprint.js';

/** A composite of a pipeline, and what is known of its child. */
export interface ContractingComposite {
  /** The path of the composite. */
  readonly path: string;
  readonly composite: Pick<CompositeBlueprint, 'inheritance' | 'requires'>;
  /** What passes through the child; nothing where the child is not described yet. */
  readonly through: readonly PassingKey[];
}

/** The keys that pass through a pipeline, since its composites take them as required; each with its name there. */
export function passingKeys(composites: Iterable<ContractingComposite>): readonly PassingKey[] {
  const passing = new Map<string, PassingKey>();
  for (const { path, composite, through } of composites) {
    for (const needed of [...ownKeys(path, composite), ...through]) {
      const key = keyAbove(needed, composite);
      if (key === undefined) continue;
      const id = `${key.kind} ${key.name}`;
      const known = passing.get(id);
      passing.set(id, known === undefined ? key : united(known, key));
    }
  }
  return Object.freeze([...passing.values()]);
}

/** What a child itself declares, as keys that pass. */
function ownKeys(
  path: string,
  { inheritance: { contract }, requires }: ContractingComposite['composite'],
): PassingKey[] {
  return dictionaryKinds.flatMap((kind) =>
    [...contract.required[kind].keys()].map((name) => ({
      kind,
      name,
      isMandatory: requires.some((required) => required[0] === kind && required[1] === name),
      neededBy: [{ pipelineName: contract.pipelineName ?? path, path }],
    })),
  );
}

/** A key of a child as its parent must have it; undefined where the parent need not. */
function keyAbove(
  key: PassingKey,
  { inheritance }: Pick<CompositeBlueprint, 'inheritance'>,
): PassingKey | undefined {
  const { kind, name } = key;
  if (inheritance[kind].sets(name) || inheritance.setsLocally(kind, name)) return undefined;
  const source = inheritance[kind].selection?.requiredSourceOf(name);
  if (source === undefined) return undefined;
  // A function of the item may give the key, or not.
  return { ...key, name: source, isMandatory: key.isMandatory && !inheritance.hasItemValues };
}

function united(one: PassingKey, other: PassingKey): PassingKey {
  const neededBy = [...one.neededBy, ...other.neededBy];
  return { ...one, isMandatory: one.isMandatory || other.isMandatory, neededBy };
}

/** The mandatory ones of some keys, as names. */
export function mandatoryOf(keys: readonly PassingKey[]): (readonly [DictionaryKind, string])[] {
  return keys.filter(({ isMandatory }) => isMandatory).map(({ kind, name }) => [kind, name] as const);
}

/** The pipelines that need a key, in words: `'Leaf' at 'Root/child/leaf'`. */
export function neededByText(neededBy: readonly NeedingPipeline[]): string {
  return neededBy.map(({ pipelineName, path }) => `'${pipelineName}' at '${path}'`).join(' and ');
}
