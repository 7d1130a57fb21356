import { current, enableMapSet, Immer, isDraftable, original } from 'immer';
import { invalidOption } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { ignoreRejection, isThenable } from './foreign-value.js';

enableMapSet();

// An instance of its own: the settings of the user's immer stay as they are. Freezing is frozenCopy's part.
const immer = new Immer({ autoFreeze: false });

/** Nothing, for a function that must answer at once and gives a promise; else anything. */
type AtOnce<TResult> = TResult extends PromiseLike<unknown> ? never : unknown;

/** Changes a draft in place, or returns a new value; it cannot be asynchronous. */
export type Recipe<T, TResult = unknown> = (draft: T) => TResult & AtOnce<TResult>;

/**
 * Applies a recipe copy-on-write and gives the new value; the old one is unchanged.
 *
 * A recipe may return anything but a promise: if it changed the draft, the return value is ignored, else a defined one
 * replaces the value. An object is replaced by an object or null only: `draft => (draft.flag = true)` returns
 * `true`, also where the flag was set before.
 *
 * @param subject what is changed, in words; `path` is where that is.
 * @throws {@link PipelineError} `OPTION_INVALID` when the recipe is no function, `CONTEXT_RECIPE_ASYNC` when it returns a promise.
 */
export function applyRecipe<T>(
  value: T,
  recipe: (draft: T) => unknown,
  subject = 'a value',
  path?: string,
): T {
  if (typeof recipe !== 'function') throw invalidOption('a recipe', 'a function was expected', path);
  const applied = (draft: T): unknown => atOnce(recipe(draft), subject, path);
  if (typeof value !== 'object' || value === null || !canBeDrafted(value)) {
    const returned = applied(value);
    return returned === undefined ? value : (returned as T);
  }
  const apply = (draft: object): unknown => {
    const returned = applied(draft as T);
    if (current(draft) !== original(draft)) return undefined;
    // What an arrow function gives that has set what was so already.
    return typeof returned === 'object' ? returned : undefined;
  };
  return immer.produce<object>(value, apply as (draft: object) => object | undefined) as T;
}

function canBeDrafted(value: object): boolean {
  try {
    return isDraftable(value);
  } catch {
    return false;
  }
}

function atOnce(returned: unknown, subject: string, path: string | undefined): unknown {
  if (!isThenable(returned)) return returned;
  ignoreRejection(returned);
  throw new PipelineError('CONTEXT_RECIPE_ASYNC', {
    path,
    problem: `The recipe for ${subject} returned a promise, so nothing was changed.`,
    remedy:
      'Await first what the recipe needs, and change the value then; keep a promise with set, as a context item.',
  });
}
