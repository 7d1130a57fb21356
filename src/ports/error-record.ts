import { hasProperty, isError, isInstanceOf, isObject, readProperty } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';

/** An error as plain data, with its chain of causes: what events, dead letters and records hold. */
export interface ErrorRecord {
  /** The error's `name`; `NonError` for a thrown value that is no error. */
  readonly name: string;
  /** The `code` of the error, where it has one. */
  readonly code?: string | undefined;
  /** The error's message; a value that is no error is printed. */
  readonly message: string;
  /** For logs only: its form is the matter of the JavaScript engine. */
  readonly stack?: string | undefined;
  /** The path of a `PipelineError`. */
  readonly path?: string | undefined;
  /** What the error was caused by; of a longer chain the first 16 causes. */
  readonly cause?: ErrorRecord | undefined;
  /** How often the item was tried that failed with it, where more than once; in the failures of a result. */
  readonly attempts?: number | undefined;
  /** When that was, in milliseconds since the epoch; in the failures of a result. */
  readonly at?: number | undefined;
}

/** How far the causes of an error are followed. */
export const MAX_CAUSES = 16;

/** Stands where something of an error cannot be read. */
const UNREADABLE = 'a value that cannot be read';

/** Larger values are not printed: that would take too long, and nobody reads it. */
const MOST_CHARACTERS = 100_000;

/** Describes anything thrown as plain data, and never throws itself; a chain of more than 16 causes is cut. */
export function toErrorRecord(thrown: unknown, depth = 0): ErrorRecord {
  if (!isError(thrown)) return Object.freeze({ name: 'NonError', message: printed(thrown) });
  const [name, code, stack] = ['name', 'code', 'stack'].map((part) => readProperty(thrown, part));
  const path = isInstanceOf(thrown, PipelineError) ? readProperty(thrown, 'path') : undefined;
  return Object.freeze({
    name: typeof name === 'string' ? name : 'Error',
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    message: printed(thrown),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(typeof path === 'string' ? { path } : {}),
    ...(depth === MAX_CAUSES || !hasProperty(thrown, 'cause')
      ? {}
      : { cause: toErrorRecord(readProperty(thrown, 'cause', UNREADABLE), depth + 1) }),
  });
}

/** Whether a value is an error as data, with its causes: what stands in a store may be anything. */
export function isErrorRecord(value: unknown): value is ErrorRecord {
  let error = value;
  for (let causes = 0; causes <= MAX_CAUSES; causes += 1) {
    if (
      !isObject(error) ||
      !['name', 'message'].every((part) => typeof readProperty(error, part) === 'string')
    )
      return false;
    const isTextOrAbsent = (part: string): boolean =>
      ['string', 'undefined'].includes(typeof readProperty(error, part));
    if (!['code', 'stack', 'path'].every(isTextOrAbsent)) return false;
    error = readProperty(error, 'cause');
    if (error === undefined) return true;
  }
  return false;
}

/** A thrown value in words: of an error its message, of data their JSON; never throws itself. */
export function printed(thrown: unknown): string {
  // The message of an error may be anything, whatever its type says.
  const shown = isError(thrown) ? readProperty(thrown, 'message', UNREADABLE) : thrown;
  try {
    return typeof shown === 'object' && shown !== null ? printedData(shown) : String(shown);
  } catch {
    return 'a value that cannot be printed';
  }
}

function printedData(data: object): string {
  if (ArrayBuffer.isView(data)) return `${data.byteLength} bytes`;
  let left = MOST_CHARACTERS;
  const bounded = (name: string, value: unknown): unknown => {
    left -= name.length + (typeof value === 'string' ? value.length : 1);
    // What was printed so far is not shown either: a secret that is cut would not be found in it.
    if (left < 0) throw new RangeError('too large');
    return ArrayBuffer.isView(value) ? `${value.byteLength} bytes` : value;
  };
  const text: unknown = JSON.stringify(data, bounded);
  return typeof text === 'string' ? text : String(text);
}

/** What was given in place of something else, in words; an undefined import is the usual cause of undefined. */
export function describeMisfit(given: unknown): string {
  if (given === undefined) return 'undefined (is an import circular?)';
  return given === null ? 'null' : `a value of type ${typeof given}`;
}
