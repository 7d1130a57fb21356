import { isInstanceOf, readProperty } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { printed } from '../ports/error-record.js';
import type { OpenCall, OpenCalls } from './open-calls.js';
import type { RunStore } from './run-store.js';

/** How long to wait before the second try; before each further one twice as long. */
const FIRST_DELAY_MS = 10;

/** What a store is asked, and how often. */
export interface StoreQuestion<T> {
  readonly ask: (store: RunStore) => Promise<T>;
  /** How often at most. */
  readonly tries: number;
  /** Whether the answer still matters; else nothing is tried again. */
  readonly isWanted: () => boolean;
}

/** One question to the store, until it is answered or given up; it settles the promise whose functions it gets. */
export class StoreCall<T> implements OpenCall {
  since = 0;
  place = -1;
  /** The number of the latest try, from 1. */
  #attempt = 0;
  #isAnswered = false;
  readonly #store: RunStore;
  readonly #calls: OpenCalls;
  readonly #question: StoreQuestion<T>;
  readonly #resolve: (answer: T) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    store: RunStore,
    calls: OpenCalls,
    question: StoreQuestion<T>,
    resolve: (answer: T) => void,
    reject: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#calls = calls;
    this.#question = question;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Asks, and listens to the answer. */
  begin(): void {
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.since = this.#calls.looks;
    this.#calls.add(this);
    const failed = (error: unknown): void => {
      // What fails when the next try is under way already counts no more.
      if (attempt === this.#attempt && this.#calls.remove(this)) this.#fail(error);
    };
    try {
      this.#question.ask(this.#store).then((answer) => {
        this.#isAnswered = true;
        this.#calls.remove(this);
        this.#resolve(answer);
      }, failed);
    } catch (error) {
      failed(error);
    }
  }

  giveUp(limitMs: number): void {
    this.#fail(new NoAnswer(limitMs));
  }

  #fail(error: unknown): void {
    const { tries, isWanted } = this.#question;
    if (!isTransient(error) || this.#attempt >= tries) {
      this.#reject(storeError(error));
      return;
    }
    setTimeout(
      () => {
        // The answer to an earlier try may have come meanwhile.
        if (this.#isAnswered) return;
        if (isWanted()) this.begin();
        else this.#reject(storeError(new NotWanted()));
      },
      FIRST_DELAY_MS * 2 ** (this.#attempt - 1),
    );
  }
}

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
