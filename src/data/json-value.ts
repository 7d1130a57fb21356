/** Data that JSON carries as they are: no undefined, no date, no number that is not finite. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A plain object of {@link JsonValue}s. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}
