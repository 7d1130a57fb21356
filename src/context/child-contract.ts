import type { DictionaryKind } from './dictionary-kind.js';
import { perDictionary } from './dictionary-kind.js';

/** A pipeline that declares a key. */
export interface NeedingPipeline {
  readonly pipelineName: string;
  /** The path of the composite that runs the pipeline. */
  readonly path: string;
}

/** A key that passes through a pipeline, since composites in that pipeline take the key as required. */
export interface PassingKey {
  readonly kind: DictionaryKind;
  /** The name of the key in the pipeline that it passes through. */
  readonly name: string;
  /** Whether the key must be there: some pipeline below declares it without a default. */
  readonly isMandatory: boolean;
  /** The pipelines below that declare the key. */
  readonly neededBy: readonly NeedingPipeline[];
}

/** The required keys of one dictionary, by name, with the pipelines below that declare them; none for the child's own. */
export type RequiredNames = ReadonlyMap<string, readonly NeedingPipeline[]>;

/** What a composite knows of its child's needs: the keys that `'required'` passes. */
export interface ChildContract {
  /** The name of the child's definition, to say where a key should be declared; undefined where nobody knows. */
  readonly pipelineName: string | undefined;
  readonly required: Readonly<Record<DictionaryKind, RequiredNames>>;
}

/** The contract of a child that declares nothing. */
export const NO_CONTRACT: ChildContract = Object.freeze({
  pipelineName: undefined,
  required: perDictionary((): RequiredNames => new Map()),
});

/** A contract with the keys that pass through the child as well; the same contract where all of them are in it. */
export function withPassing(contract: ChildContract, passing: readonly PassingKey[]): ChildContract {
  const more = passing.filter(({ kind, name }) => !contract.required[kind].has(name));
  if (more.length === 0) return contract;
  return {
    pipelineName: contract.pipelineName,
    required: perDictionary((kind): RequiredNames => {
      const added = more.filter((key) => key.kind === kind);
      return new Map([
        ...contract.required[kind],
        ...added.map(({ name, neededBy }) => [name, neededBy] as const),
      ]);
    }),
  };
}
