import type { AuditLog } from './audit-log.js';
import type { AuditWriter } from './audit-writer.js';

/**
 * A background writer as it is usually written, with a leak.
 *
 * The first request starts the loop, so the loop runs in that request's context for ever, with the lines of all others.
 */
export class NaiveWriter implements AuditWriter {
  readonly #log: AuditLog;
  readonly #waiting: string[] = [];
  #work: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor(log: AuditLog) {
    this.#log = log;
  }

  async enqueue(request: string): Promise<void> {
    this.#waiting.push(request);
    this.#work ??= this.#loop();
    this.#wake();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#work;
  }

  async #loop(): Promise<void> {
    for (;;) {
      const request = this.#waiting.shift();
      if (request !== undefined) await this.#log.write(request);
      else if (this.#isClosed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
