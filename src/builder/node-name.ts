/** What is wrong with a name, undefined when it can be an id. */
export function nameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string') return `A name must be a text, not ${name === null ? 'null' : typeof name}.`;
  if (name.trim() === '') return 'A name must not be empty.';
  return /\/|::/.test(name)
    ? `The name '${name}' contains '/' or '::', which separate the parts of a path.`
    : undefined;
}

/** What to do about a wrong name. */
export const nameRemedy = "Choose a name that is not empty, without '/' and '::'.";
