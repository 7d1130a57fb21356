import { types } from 'node:util';

/** The kinds that a caller can give; `finished` is the framework's own. */
const kinds = ['user', 'deadline', 'budget', 'superseded', 'shutdown', 'failure'] as const;

/** Why work was cancelled, as plain data. */
export interface CancelReason {
  /**
   * Who or what ended the work; code that handles a cancel decides by this.
   *
   * `finished` is seen by the signal of a source only: nobody reads its items any more.
   */
  readonly kind: (typeof kinds)[number] | 'finished';
  /** Words for people; they become part of the message of the `RunCancelledError`. */
  readonly message?: string | undefined;
  /** Where the cancel came from; filled in with the path of the cancelling node where it is known. */
  readonly path?: string | undefined;
}

/**
 * A reason from whatever was given as one: what is none becomes the cause of a cancel by the user. Never throws.
 *
 * It is a copy, without parts that are no text; where a part cannot be read, it is none.
 */
export function cancelReasonOf(given: unknown): { readonly reason: CancelReason; readonly cause?: unknown } {
  try {
    // The signal of another run aborts with an error that holds the reason; it may be of another realm.
    const isError = types.isNativeError(given) || given instanceof Error;
    const inner = isError ? copyOf(Reflect.get(given, 'reason')) : undefined;
    if (inner !== undefined) return { reason: inner, cause: given };
    const reason = copyOf(given);
    if (reason !== undefined) return { reason };
  } catch {
    // A getter or a proxy has thrown.
  }
  return given === undefined ? { reason: { kind: 'user' } } : { reason: { kind: 'user' }, cause: given };
}

/** From outside anything can come, so each part is read once. */
function copyOf(given: unknown): CancelReason | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { kind: found, message, path } = given as Readonly<Record<keyof CancelReason, unknown>>;
  const kind = kinds.find((known) => known === found);
  return (
    kind && {
      kind,
      ...(typeof message === 'string' && { message }),
      ...(typeof path === 'string' && { path }),
    }
  );
}
