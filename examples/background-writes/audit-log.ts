import { currentContext } from 'heirline';

/** A line of the audit log: what it says, and under whom it was booked. */
export interface AuditLine {
  /** The request that the line is about. */
  readonly request: string;
  /** Whose work it is, as far as the code that writes can see. */
  readonly tenantId: string | undefined;
  readonly correlationId: string | undefined;
}

/** Stands for a slow log; like a logger or a tracer, it asks for the current context when a line is written. */
export class AuditLog {
  readonly lines: AuditLine[] = [];

  async write(request: string): Promise<void> {
    await new Promise(setImmediate);
    const run = currentContext()?.run;
    this.lines.push({ request, tenantId: run?.tenantId, correlationId: run?.correlationId });
  }
}
