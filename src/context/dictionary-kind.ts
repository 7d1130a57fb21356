/** The names of a context's dictionaries, written down here only. */
export const dictionaryKinds = ['parameters', 'items', 'properties'] as const;

/** The name of one of a context's dictionaries. */
export type DictionaryKind = (typeof dictionaryKinds)[number];

/** Makes one value per dictionary. */
export function perDictionary<T>(make: (kind: DictionaryKind) => T): Record<DictionaryKind, T> {
  return { parameters: make('parameters'), items: make('items'), properties: make('properties') };
}
