/** Required keys in words, `ApiKey, Region (for leaf)`: each with the composites below that need it. */
export function requiredText(required: unknown): string {
  return Object.entries(Object(required) as Readonly<Record<string, readonly string[]>>)
    .map(([name, neededBy]) => (neededBy.length === 0 ? name : `${name} (for ${neededBy.join(', ')})`))
    .join(', ');
}

/** All keys that a composite passes by contract, in words for a drawing; undefined where there are none. */
export function contractText(configuration: unknown): string | undefined {
  const keys = Object.values(Object(configuration) as Readonly<Record<string, unknown>>)
    .map((value) => requiredText(requiredOf(value)))
    .filter((text) => text !== '');
  return keys.length === 0 ? undefined : `required: ${keys.join(', ')}`;
}

function requiredOf(inherited: unknown): unknown {
  return typeof inherited === 'object' && inherited !== null && 'required' in inherited
    ? inherited.required
    : undefined;
}
