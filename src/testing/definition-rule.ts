/** The rule of an argument that is a definition; whether it describes a pipeline is told when it is described. */
export function definitionRule(definition: unknown): string | undefined {
  const isDefinition =
    typeof definition === 'function' || (typeof definition === 'object' && definition !== null);
  return isDefinition ? undefined : 'the class of a definition, or an instance of one';
}
