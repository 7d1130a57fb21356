import { isThenable, toPromise } from '../../data/foreign-value.js';
import { PipelineError } from '../../errors/pipeline-error.js';

/** Whose costs these are; ids are functions, since they are made when first read. */
export interface CostRunIds {
  readonly runId: () => string;
  readonly tenantId: string | undefined;
}

/** What the views of one run's ledger share: whose it is, whether it has ended, and what it must wait for. */
export class RunCosts {
  readonly ids: CostRunIds;
  /** Whether the run has ended: what is booked now is late. */
  isClosed = false;
  readonly #report: (error: PipelineError) => void;
  #waiting = new Set<Promise<unknown>>();
  readonly #failures: PipelineError[] = [];
  #key: string | undefined;

  /** @param report takes what goes wrong with late entries; must not throw. */
  constructor(ids: CostRunIds, report: (error: PipelineError) => void) {
    this.ids = ids;
    this.#report = report;
  }

  /** Tells the runs in one ledger apart: tenants never share entries, even under one run id. */
  get key(): string {
    return (this.#key ??= JSON.stringify([this.ids.runId(), this.ids.tenantId]));
  }

  /** Waits for what `onEntry` gave, if that is a promise; for a late entry only its failure is reported. */
  follow(told: unknown, path: string): void {
    if (!isThenable(told)) return;
    const isLate = this.isClosed;
    const waiting = this.#waiting;
    const settled: Promise<unknown> = toPromise(told)
      .catch((cause: unknown) => {
        const failure = entryRejected(path, cause);
        if (isLate) this.#report(failure);
        else this.#failures.push(failure);
      })
      .then(() => waiting.delete(settled));
    if (!isLate) waiting.add(settled);
  }

  /** Notes a failure that ends the run, whatever becomes of the error. */
  fail(failure: PipelineError): void {
    if (!this.isClosed) this.#failures.push(failure);
  }

  /**
   * Settles when all that is waited for now has; undefined where there is nothing. The next call is not told of it again.
   *
   * @returns the failures since it was last asked.
   */
  pending(): Promise<readonly PipelineError[]> | undefined {
    if (this.#waiting.size === 0 && this.#failures.length === 0) return undefined;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    return Promise.all(waiting).then(() => this.#failures.splice(0));
  }
}

/** The error of an `onEntry` that failed. */
export function entryRejected(path: string, cause: unknown): PipelineError {
  return new PipelineError('SINK_REJECTED', {
    path,
    problem: 'The onEntry of the cost ledger failed.',
    remedy: 'Mend it; its error is the cause.',
    cause,
  });
}
