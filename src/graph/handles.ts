declare const output: unique symbol;
declare const input: unique symbol;

/** Stands for a node of one builder; its `id` is the node's id in the graph. */
export interface NodeHandle {
  /** The name that was given, else one made of the class name, or of the kind and a number. */
  readonly id: string;
}

/** A node that items of a type leave. */
export interface OutputHandle<out T> extends NodeHandle {
  /** @hidden */
  readonly [output]: () => T;
}

/** A node that items of a type enter. */
export interface InputHandle<in T> extends NodeHandle {
  /** @hidden */
  readonly [input]: (item: T) => void;
}

/** A source in a builder. */
export type SourceHandle<T> = OutputHandle<T>;

/** A transform, stream transform or composite in a builder. */
export interface TransformHandle<in TIn, out TOut> extends InputHandle<TIn>, OutputHandle<TOut> {}

/** A sink in a builder. */
export type SinkHandle<T> = InputHandle<T>;

/** A route in a builder: items enter it, and leave by its outputs. */
export type RouteHandle<A, TItems, O extends string> = InputHandle<A> & {
  /** The outputs by name. */
  readonly to: { readonly [K in keyof TItems]: OutputHandle<TItems[K]> };
} & ('emit' extends O
    ? {
        /** The output for items that no condition takes. */
        readonly otherwise: OutputHandle<A>;
      }
    : unknown);

/** The type of the items that leave a node. */
export type ItemOf<THandle> = THandle extends OutputHandle<infer T> ? T : never;

/** A handle of every direction; which ones it is typed with is the builder's matter. */
export type AnyHandle = TransformHandle<unknown, never>;

/** Makes the one object behind all handles; item types exist at compile time only. */
export function makeHandle(id: string): AnyHandle {
  return Object.freeze({ id }) as AnyHandle;
}
