import { isThenable, whenSettled } from '../data/foreign-value.js';
import type { LineageRecord, LineageSink } from '../ports/lineage-sink.js';

/** Undefined when done, else a promise that never rejects. */
export type Work = Promise<void> | undefined;

/** Waits for several pieces of work. */
export function allOf(works: readonly Work[]): Work {
  const pending = works.filter((work) => work !== undefined);
  return pending.length > 1 ? Promise.all(pending).then(() => undefined) : pending[0];
}

/** How many records of a run its lineage sink has taken. */
export interface LineageCounts {
  /** Records that the sink has taken. */
  readonly recorded: number;
  /** Records that the sink has refused or has not settled, a failed `flush` included. */
  readonly lost: number;
}

interface WaitingRecord {
  readonly record: LineageRecord;
  readonly sent: () => void;
}

/** Hands records to the sink in their order; of those that it has taken, so many at most are not settled. */
export class RecordWriter {
  #recorded = 0;
  #lost = 0;
  #pending = 0;
  #waiting: WaitingRecord[] = [];
  #whenSettled: (() => void) | undefined;
  /** True while the sink may hold back what it has taken. */
  #mayHold = false;

  /** Called for each record that the sink refuses, and each flush that fails; the path is that of the record. */
  onRefusal: (error: unknown, path: string | undefined) => void = () => undefined;

  constructor(
    private readonly sink: LineageSink,
    private readonly maxPending: number,
  ) {}

  get counts(): LineageCounts {
    const open = this.#pending + this.#waiting.length;
    return Object.freeze({ recorded: this.#recorded, lost: this.#lost + open });
  }

  /** Hands a record to the sink; what is returned settles when the sink has room for it. */
  write(record: LineageRecord): Work {
    if (this.#pending < this.maxPending) {
      this.#send(record);
      return undefined;
    }
    return new Promise((sent) => {
      this.#waiting.push({ record, sent });
    });
  }

  /** Waits until all records are settled, and has the sink write what it holds back. */
  flush(): Work {
    if (this.#pending === 0) return this.#flush();
    return new Promise<void>((resolve) => (this.#whenSettled = resolve)).then(() => this.#flush());
  }

  #flush(): Work {
    if (!this.#mayHold) return undefined;
    this.#mayHold = false;
    try {
      const flushed = this.sink.flush?.();
      if (isThenable(flushed))
        return whenSettled(
          flushed,
          () => undefined,
          (error) => {
            this.#refused(error, undefined);
          },
        );
    } catch (error) {
      this.#refused(error, undefined);
    }
    return undefined;
  }

  #send(record: LineageRecord): void {
    this.#mayHold = true;
    let written: unknown;
    try {
      written = this.sink.record(record);
      if (isThenable(written)) {
        this.#pending += 1;
        void this.#settle(written, record);
        return;
      }
    } catch (error) {
      this.#refused(error, record.path);
      return;
    }
    this.#recorded += 1;
  }

  async #settle(written: PromiseLike<unknown>, record: LineageRecord): Promise<void> {
    await whenSettled(
      written,
      () => {
        this.#recorded += 1;
      },
      (error) => {
        this.#refused(error, record.path);
      },
    );
    this.#pending -= 1;
    for (let next = this.#nextInRoom(); next !== undefined; next = this.#nextInRoom()) {
      this.#send(next.record);
      next.sent();
    }
    if (this.#pending === 0) this.#whenSettled?.();
  }

  #nextInRoom(): WaitingRecord | undefined {
    return this.#pending < this.maxPending ? this.#waiting.shift() : undefined;
  }

  #refused(error: unknown, path: string | undefined): void {
    this.#lost += 1;
    this.onRefusal(error, path);
  }
}
