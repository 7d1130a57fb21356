import { invalidOption } from '../errors/option-rules.js';
import { current, enableMapSet, Immer, isDraftable, original } from 'immer';

enableMapSet();

// An instance of its own: the settings of the user's immer stay as they are. Freezing is frozenCopy's part.
const immer = new Immer({ autoFreeze: false });

/** Changes a draft in place, or returns a new value. */
export type Recipe<T> = (draft: T) => unknown;

/**
 * Applies a recipe copy-on-write and gives the new value; the old one is unchanged.
 *
 * A recipe may return anything: if it changed the draft, the return value is ignored, else a defined one
 * replaces the value. An object is replaced by an object or null only: `draft => (draft.flag = true)` returns
 * `true`, also where the flag was set before.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` when the recipe is no function.
 */
export function applyRecipe<T>(value: T, recipe: Recipe<T>): T {
  if (typeof recipe !== 'function') throw invalidOption('a recipe', 'a function was expected');
  if (!isDraftable(value) || typeof value !== 'object' || value === null) {
    const returned = recipe(value);
    return returned === undefined ? value : (returned as T);
  }
  const apply = (draft: object): unknown => {
    const returned = recipe(draft as T);
    if (current(draft) !== original(draft)) return undefined;
    // What an arrow function gives that has set what was so already.
    return typeof returned === 'object' ? returned : undefined;
  };
  return immer.produce<object>(value, apply as (draft: object) => object | undefined) as T;
}
