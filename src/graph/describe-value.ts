import {
  classNamesOf,
  containerKind,
  entriesOfMap,
  isArray,
  isMap,
  isSet,
  readProperty,
  valuesOfSet,
} from '../data/foreign-value.js';

/** Writes any value in one line, as JSON where JSON can: also a bigint, a circle, a Map or a Set; never throws. */
export function describeValue(value: unknown): string {
  return typeof value === 'string' ? value : describeWithin(value, []);
}

function describePlain(value: unknown): string {
  if (typeof value === 'function') {
    const name = readProperty(value, 'name');
    return typeof name === 'string' && name !== '' ? `[function ${name}]` : '[function]';
  }
  return String(value);
}

/** @param around the objects that hold the value. */
function describeWithin(value: unknown, around: readonly object[]): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return describePlain(value);
  if (around.includes(value)) return '[circular]';
  if (around.length === MOST_LEVELS) return '...';
  const inside = [...around, value];
  const describe = (each: unknown): string => describeWithin(each, inside);
  try {
    if (isMap(value)) {
      const entries = [...entriesOfMap(value)].map(([key, held]) => `${describe(key)}:${describe(held)}`);
      return `Map{${entries.join(',')}}`;
    }
    if (isSet(value)) return `Set[${[...valuesOfSet(value)].map(describe).join(',')}]`;
    if (isArray(value)) return `[${value.map(describe).join(',')}]`;
    if (containerKind(value) === undefined) return describeInstance(value, describe);
    const entries = Object.entries(value).flatMap(([key, held]: [string, unknown]) =>
      held === undefined ? [] : [`${JSON.stringify(key)}:${describe(held)}`],
    );
    return `{${entries.join(',')}}`;
  } catch {
    return 'a value that cannot be read';
  }
}

/** An instance of a class: as it writes itself, else as its data. */
function describeInstance(value: object, describe: (value: unknown) => string): string {
  const toJSON = readProperty(value, 'toJSON');
  if (typeof toJSON === 'function') return describe(Reflect.apply(toJSON, value, []));
  const entries = Object.entries(value).map(
    ([key, held]: [string, unknown]) => `${JSON.stringify(key)}:${describe(held)}`,
  );
  return `${classNamesOf(value)[0] ?? ''}{${entries.join(',')}}`;
}

/** What lies deeper is left out. */
const MOST_LEVELS = 100;
