const kinds = ['user', 'deadline', 'budget', 'superseded', 'shutdown', 'failure'] as const;

/** Why work was cancelled, as plain data. */
export interface CancelReason {
  readonly kind: (typeof kinds)[number];
  readonly message?: string | undefined;
  /** Where the cancel came from; filled in with the path of the cancelling node where it is known. */
  readonly path?: string | undefined;
}

/** Tells whether a value, such as the reason of a caller's own signal, is a {@link CancelReason}. */
export function isCancelReason(value: unknown): value is CancelReason {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    kinds.some((kind) => kind === value.kind)
  );
}
