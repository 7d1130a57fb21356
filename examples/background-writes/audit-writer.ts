/** Writes audit lines in the background, so that no request waits for the log. */
export interface AuditWriter {
  enqueue(request: string): Promise<void>;
  /** Waits until all lines are written. */
  close(): Promise<unknown>;
}
