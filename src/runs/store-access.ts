import { OpenCalls } from './open-calls.js';
import type { RunStore } from './run-store.js';
import { StoreCall } from './store-call.js';

/** So often a call is tried whose failures are transient. */
const MOST_TRIES = 6;

/** Asks the store: repeats what fails for a moment, and waits for no answer for ever. */
export class StoreAccess {
  readonly #store: RunStore;
  readonly #calls: OpenCalls;

  /** @param limitMs how long a call may take; afterwards it counts as a failure that may pass. */
  constructor(store: RunStore, limitMs: number) {
    this.#store = store;
    this.#calls = new OpenCalls(limitMs);
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
      new StoreCall(this.#store, this.#calls, { ask: question, tries, isWanted }, resolve, reject).begin();
    });
  }

  /** Closes the store itself; what it throws is thrown on. */
  async close(): Promise<void> {
    this.#calls.stop();
    await this.#store.close();
  }
}

const always = (): boolean => true;
