/** A type whose fields can be set: what is being made, and read only once it is. */
export type Draft<T> = { -readonly [TName in keyof T]: T[TName] };
