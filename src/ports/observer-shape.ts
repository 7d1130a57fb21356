import { isArray, isThenable, prototypeOf } from '../data/foreign-value.js';
import { lettersOff } from '../errors/near-name.js';
import { executionEventTypes, observedTypes } from './execution-observer.js';

/** Words that events begin with: a method that is named so is meant to get one. */
const likeEvent = /^(pipeline|node|item|composite|circuit|progress)[A-Z]/;

/** So many letters may a name be off that of the event that is meant. */
const MOST_LETTERS_OFF = 2;

const events: readonly string[] = observedTypes;

/**
 * What was expected instead of a value that is no observer; undefined where it is one.
 *
 * A method whose name is nearly that of an event would never be called. Methods with other names are the observer's
 * own affair.
 */
export function observerProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || isArray(value) || isThenable(value))
    return 'an observer: an object with methods that are named like events';
  const members = [...membersOf(value)];
  const misspelt = members.find(([name, member]) => typeof member === 'function' && isMisspelt(name))?.[0];
  if (misspelt !== undefined) {
    return `an observer whose methods are named like events: ${unknownEvent(misspelt)}`;
  }
  const other = members.find(
    ([name, member]) => isCalled(name) && member !== undefined && typeof member !== 'function',
  )?.[0];
  return other === undefined ? undefined : `an observer whose '${other}' is a function`;
}

/** The names and values of what an object has, its own and inherited; calls no accessor. */
function membersOf(value: object): ReadonlyMap<string, unknown> {
  const members = new Map<string, unknown>();
  try {
    for (let at: object | null = value; at !== null && !isTop(at); at = prototypeOf(at)) {
      for (const name of Object.getOwnPropertyNames(at)) {
        if (!members.has(name)) members.set(name, Reflect.getOwnPropertyDescriptor(at, name)?.value);
      }
    }
  } catch {
    // An object that cannot be asked: what has been found counts.
  }
  return members;
}

/** True for the name of a method that runs call. A name near 'scope' is a helper's own: there are too many such words. */
function isCalled(name: string): boolean {
  return name === 'scope' || events.includes(name);
}

/** True for the object that all others inherit from, of any realm. */
function isTop(value: object): boolean {
  return prototypeOf(value) === null;
}

function isMisspelt(name: string): boolean {
  if (events.includes(name)) return false;
  if (likeEvent.test(name)) return true;
  return events.some(
    (event) =>
      Math.abs(event.length - name.length) <= MOST_LETTERS_OFF && lettersOff(name, event) <= MOST_LETTERS_OFF,
  );
}

/** What was expected instead of a value that is not the name of an event; undefined where it is one. */
export function eventProblem(value: unknown): string | undefined {
  if (executionEventTypes.some((type) => type === value)) return undefined;
  return `the name of an event${typeof value === 'string' ? ` (${unknownEvent(value, executionEventTypes)})` : ''}`;
}

function unknownEvent(name: string, known: readonly string[] = events): string {
  const meant = meantEvents(name).filter((event) => known.includes(event));
  const guess = meant.length === 0 ? '' : `, ${meant.map((event) => `'${event}'`).join(' or ')} may be meant`;
  return `there is no event '${name}'${guess} (known: ${known.join(', ')})`;
}

/** The event with nearly the name; where there is none, those about the same thing. */
function meantEvents(name: string): readonly string[] {
  const off = events.map((event) => lettersOff(name, event));
  const fewest = Math.min(...off);
  if (fewest <= MOST_LETTERS_OFF) return events.filter((_, index) => off[index] === fewest);
  const [subject = ''] = likeEvent.exec(name)?.slice(1) ?? [];
  return subject === '' ? [] : events.filter((event) => event.startsWith(subject));
}
