import type { Logger } from 'heirline';

/** What an error line says of the place and the kind of an error. */
export interface ErrorLine {
  readonly path: unknown;
  readonly code: unknown;
  readonly said: string;
}

/** A logger that keeps its error lines. */
export class KeptLog implements Logger {
  readonly errors: ErrorLine[] = [];

  trace(): void {
    // Not looked at.
  }

  debug(): void {
    // Not looked at.
  }

  info(): void {
    // Not looked at.
  }

  warn(): void {
    // Not looked at.
  }

  error(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.errors.push({ path: fields['path'], code: fields['code'], said: message });
  }
}
