/**
 * A schema of any library that implements Standard Schema, such as zod, valibot and arktype.
 *
 * The part of `StandardSchemaV1` of https://standardschema.dev that is needed here.
 */
export interface StandardSchema<out TInput = unknown, out TOutput = TInput> {
  /** What the specification puts under this name. */
  readonly '~standard': {
    /** The version of the specification. */
    readonly version: 1;
    /** The library that made the schema. */
    readonly vendor: string;
    /** Parses a value; a promise is refused. */
    readonly validate: (value: unknown) => SchemaResult<TOutput> | Promise<SchemaResult<TOutput>>;
    /** Carries the types; never there. */
    readonly types?:
      | {
          /** What the schema takes. */
          readonly input: TInput;
          /** What the schema makes of it. */
          readonly output: TOutput;
        }
      | undefined;
  };
}

/** What a schema says of a value: the parsed one, or what is wrong. */
export type SchemaResult<TOutput> =
  | {
      /** The parsed value. */
      readonly value: TOutput;
      /** Absent where the value is right. */
      readonly issues?: undefined;
    }
  | {
      /** What is wrong with the value. */
      readonly issues: readonly {
        /** What is wrong, in words. */
        readonly message: string;
        /** Where in the value. */
        readonly path?:
          | readonly (
              | PropertyKey
              | {
                  /** The name of a property, or the place in a list. */
                  readonly key: PropertyKey;
                }
            )[]
          | undefined;
      }[];
    };
