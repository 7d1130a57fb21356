import {
  classNamesOf,
  ignoreRejection,
  isError,
  isInstanceOf,
  isThenable,
  nameOfClass,
  prototypeOf,
  readProperty,
} from '../data/foreign-value.js';
import type { OptionRule } from '../errors/option-rules.js';
import { printed } from '../ports/error-record.js';
import { policyInvalid } from './policy-invalid.js';

/** A class, whether or not it is one of errors. */
type AnyClass = abstract new (...args: never[]) => object;

/**
 * Chooses errors: by class, by `code`, or by a predicate, which answers at once.
 *
 * A class is whatever is declared as one, and a function whose prototype inherits from an `Error`, of any realm; every
 * other function is a predicate.
 */
export type ErrorMatcher = AnyClass | string | ((error: unknown) => boolean);

/** The rule of an option that is an {@link ErrorMatcher}. */
export const matcherRule: OptionRule = (value) =>
  typeof value === 'function' || (typeof value === 'string' && value !== '')
    ? undefined
    : 'an error class, a code or a predicate';

/**
 * Whether a matcher chooses an error; a class also chooses errors of another realm, by the names of their classes.
 *
 * @param owner whose predicate it is, for the error.
 * @throws {@link PipelineError} `POLICY_INVALID` when a predicate throws or returns a promise.
 */
export function matchesError(
  matcher: ErrorMatcher,
  error: unknown,
  path?: string,
  owner = 'error policy',
): boolean {
  if (typeof matcher === 'string') return readProperty(error, 'code') === matcher;
  return isClass(matcher) ? isOfClass(error, matcher) : isChosen(matcher, error, path, owner);
}

function isOfClass(error: unknown, type: AnyClass): boolean {
  if (isInstanceOf(error, type)) return true;
  const isForeign = isError(error) && !isInstanceOf(error, Error);
  const name = readProperty(type, 'name');
  return isForeign && typeof name === 'string' && classNamesOf(error).includes(name);
}

function isChosen(
  predicate: (error: unknown) => boolean,
  error: unknown,
  path: string | undefined,
  owner: string,
): boolean {
  let answer: unknown;
  try {
    answer = predicate(error);
  } catch (cause) {
    const problem = `A predicate of the ${owner} threw ${printed(cause)}, so the ${owner} has not decided.`;
    throw policyInvalid(problem, path, { cause });
  }
  if (!isThenable(answer)) return Boolean(answer);
  ignoreRejection(answer);
  throw policyInvalid(`A predicate of the ${owner} returned a promise, which would match every error.`, path);
}

/** A class cannot be called, which shows in its `prototype`; of a function that makes errors the prototype is one. */
function isClass(matcher: Exclude<ErrorMatcher, string>): matcher is AnyClass {
  const property = prototypeProperty(matcher);
  const prototype: unknown = property?.value;
  if (typeof prototype !== 'object' || prototype === null) return false;
  return property?.writable === false || isErrorPrototype(prototype);
}

function prototypeProperty(matcher: object): PropertyDescriptor | undefined {
  try {
    return Reflect.getOwnPropertyDescriptor(matcher, 'prototype');
  } catch {
    // A proxy that does not let itself be asked: to call it tells more.
    return undefined;
  }
}

function isErrorPrototype(prototype: object): boolean {
  return (
    nameOfClass(prototype) === 'Error' ||
    (prototypeOf(prototype) !== null && classNamesOf(prototype).includes('Error'))
  );
}
