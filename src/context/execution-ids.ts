import { randomUUID } from 'node:crypto';

/** Numbers the executions of one run: an id is a prefix and a counter, made when it is first read. */
export class ExecutionIds {
  #prefix: string | undefined;
  #last = 0;

  next(): string {
    this.#prefix ??= randomUUID().slice(0, 13);
    this.#last += 1;
    return `${this.#prefix}-${String(this.#last)}`;
  }
}
