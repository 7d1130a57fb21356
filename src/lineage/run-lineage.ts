import { isThenable } from '../data/foreign-value.js';
import type { LineageOptions } from '../ports/lineage-options.js';
import type { LineageRecord, LineageSink } from '../ports/lineage-sink.js';

/** How many records of a run its lineage sink has taken. */
export interface LineageCounts {
  /** Records that the sink has taken. */
  readonly recorded: number;
  /** Records that the sink has refused, a failed `flush` included. */
  readonly lost: number;
}

/** The lineage of one run: chooses the items that are followed, and hands their records to the sink. */
export class RunLineage implements LineageSink {
  readonly every: number;
  readonly #options: LineageOptions;
  readonly #offset: number;
  readonly #report: (error: unknown) => void;
  #recorded = 0;
  #lost = 0;
  /** True while the sink may hold back what it has taken. */
  #mayHold = false;

  /** @param report tells of a failure of the sink that changes nothing; called once. */
  constructor(options: LineageOptions, runId: string, report: (error: unknown) => void) {
    this.#options = options;
    this.every = options.sampleEvery ?? 1;
    this.#offset = this.every === 1 ? 0 : hashOf(runId) % this.every;
    this.#report = report;
  }

  /** How many items are left out before the next one that is followed, where so many have come from a source. */
  untilNext(taken: number): number {
    if (this.every === 1) return 0;
    return (this.every - ((taken + this.#offset) % this.every)) % this.every;
  }

  get counts(): LineageCounts {
    return Object.freeze({ recorded: this.#recorded, lost: this.#lost });
  }

  /**
   * Hands a record to the sink.
   *
   * @throws what the sink throws, unless its failures are only reported; so with the returned promise.
   */
  record(record: LineageRecord): unknown {
    this.#mayHold = true;
    return this.#settle(
      () => this.#options.sink.record(record),
      () => {
        this.#recorded += 1;
      },
    );
  }

  /**
   * Has the sink write what it holds back; does nothing if it has taken no record since the last time.
   *
   * @throws as {@link record} does.
   */
  flush(): unknown {
    if (!this.#mayHold) return undefined;
    this.#mayHold = false;
    return this.#settle(
      () => this.#options.sink.flush?.(),
      () => undefined,
    );
  }

  #settle(write: () => unknown, done: () => void): unknown {
    const failed = (error: unknown): void => {
      this.#fail(error);
    };
    try {
      const written = write();
      if (isThenable(written)) return Promise.resolve(written).then(done, failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
    done();
    return undefined;
  }

  #fail(error: unknown): void {
    this.#lost += 1;
    if (this.#options.onSinkError !== 'report') throw error;
    if (this.#lost === 1) this.#report(error);
  }
}

/** A number of 32 bits that stands for a text: FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
