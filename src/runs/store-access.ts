import { isInstanceOf, readProperty } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { printed } from '../ports/error-record.js';
import type { RunStore } from './run-store.js';

/** So often a call is tried whose failures are transient. */
const MOST_TRIES = 6;
/** How long to wait before the second try; before each further one twice as long. */
const FIRST_DELAY_MS = 10;

/** Asks the store: repeats what fails for a moment, and waits for no answer for ever. */
export class StoreAccess {
  readonly #store: RunStore;
  readonly #limitMs: number;
  /** The calls that have not answered yet. */
  readonly #open = new Set<StoreCall>();
  #timer: NodeJS.Timeout | undefined;

  /** @param limitMs how long a call may take; afterwards it counts as a failure that may pass. */
  constructor(store: RunStore, limitMs: number) {
    this.#store = store;
    this.#limitMs = limitMs;
  }

  /**
   * Asks the store, and again where the failure is transient.
   *
   * @param tries how often at most.
   * @param isWanted whether the answer still matters; else nothing is tried again.
   * @throws {@link PipelineError} what the store throws of these; `STORE_UNAVAILABLE` for all else.
   */
  ask<T>(
    question: (store: RunStore) => Promise<T>,
    tries = MOST_TRIES,
    isWanted: () => boolean = always,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let attempt = 0;
      const fail = (error: unknown): void => {
        if (!isTransient(error) || attempt >= tries) {
          reject(storeError(error));
          return;
        }
        setTimeout(
          () => {
            if (isWanted()) ask();
            else reject(storeError(new NotWanted()));
          },
          FIRST_DELAY_MS * 2 ** (attempt - 1),
        );
      };
      const ask = (): void => {
        attempt += 1;
        const call = new StoreCall(performance.now() + this.#limitMs, fail);
        this.#open.add(call);
        this.#watch();
        try {
          question(this.#store).then(
            (answer) => {
              this.#open.delete(call);
              resolve(answer);
            },
            (error: unknown) => {
              if (this.#open.delete(call)) fail(error);
            },
          );
        } catch (error) {
          this.#open.delete(call);
          fail(error);
        }
      };
      ask();
    });
  }

  /** Closes the store itself; what it throws is thrown on. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#store.close();
  }

  /** One timer for all calls, since nearly all have answered long before. */
  #watch(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = performance.now();
      for (const call of this.#open) {
        if (call.dueMs > now) continue;
        this.#open.delete(call);
        call.fail(new NoAnswer(this.#limitMs));
      }
      if (this.#open.size > 0) this.#watch();
    }, this.#limitMs / 2).unref();
  }
}

/** A call that has not answered yet. */
class StoreCall {
  constructor(
    readonly dueMs: number,
    readonly fail: (error: unknown) => void,
  ) {}
}

const always = (): boolean => true;

/** Whether a failure of a store may pass by itself. */
export function isTransient(error: unknown): boolean {
  return readProperty(error, 'transient') === true;
}

/** Stands for an answer that did not come. */
class NoAnswer extends Error {
  readonly transient = true;

  constructor(limitMs: number) {
    super(`the store did not answer within ${String(limitMs)} ms`);
  }
}

/** Stands for an answer that nobody waits for any longer. */
class NotWanted extends Error {
  constructor() {
    super('the run belongs to another owner by now');
  }
}

function storeError(error: unknown): PipelineError {
  if (isInstanceOf(error, PipelineError)) return error;
  const failure = new PipelineError('STORE_UNAVAILABLE', {
    problem: `The store of runs failed: ${printed(error)}.`,
    remedy: 'Look at the cause; a failure that passes by itself has been retried.',
    cause: error,
  });
  // Whether a later try may succeed.
  return isTransient(error) ? Object.assign(failure, { transient: true }) : failure;
}
