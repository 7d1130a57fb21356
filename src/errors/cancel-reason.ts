const kinds = ['user', 'deadline', 'budget', 'superseded', 'shutdown', 'failure'] as const;

/** Why work was cancelled, as plain data. */
export interface CancelReason {
  /** Who or what ended the work; code that handles a cancel decides by this. */
  readonly kind: (typeof kinds)[number];
  /** Words for people; they become part of the message of the `RunCancelledError`. */
  readonly message?: string | undefined;
  /** Where the cancel came from; filled in with the path of the cancelling node where it is known. */
  readonly path?: string | undefined;
}

/** A reason from whatever was given as one: what is none becomes the cause of a cancel by the user. */
export function cancelReasonOf(given: unknown): { readonly reason: CancelReason; readonly cause?: unknown } {
  if (isCancelReason(given)) return { reason: withTexts(given) };
  return given === undefined ? { reason: { kind: 'user' } } : { reason: { kind: 'user' }, cause: given };
}

function isCancelReason(value: unknown): value is CancelReason {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    kinds.some((kind) => kind === value.kind)
  );
}

/** From outside anything can come: what is no text is left out. */
function withTexts(given: CancelReason): CancelReason {
  const { kind, message, path } = given;
  const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';
  if (isText(message) && isText(path)) return given;
  return {
    kind,
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof path === 'string' ? { path } : {}),
  };
}
