import { isThenable, toPromise } from '../../data/foreign-value.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import type { CostEntry } from './cost-entry.js';

/** The run and tenant that costs belong to. `runId` is a function, since the id is made when first read. */
export interface CostRunIds {
  readonly runId: () => string;
  readonly tenantId: string | undefined;
}

/** Follows what is booked, in the code that records it. */
export interface CostWatcher {
  /** Is told of an entry; must not throw. */
  recorded(entry: CostEntry): void;
  /** Calls what hands an entry on to `onEntry`, at once. */
  around<TResult>(call: () => TResult): TResult;
}

/** State shared by all views of one run's ledger: its ids, its end, and pending calls of `onEntry`. */
export class RunCosts {
  readonly ids: CostRunIds;
  /** True once the run has ended: entries recorded from then on are late. */
  isClosed = false;
  readonly #report: (error: PipelineError) => void;
  #waiting = new Set<Promise<unknown>>();
  readonly #failures: PipelineError[] = [];
  #key: string | undefined;
  /** Made when first needed. */
  #watchers: Set<CostWatcher> | undefined;

  /** @param report called with failures of `onEntry` for late entries; must not throw. */
  constructor(ids: CostRunIds, report: (error: PipelineError) => void) {
    this.ids = ids;
    this.#report = report;
  }

  /** Key of the run in its ledger. Includes the tenant, so that tenants never share entries, even under one run id. */
  get key(): string {
    return (this.#key ??= JSON.stringify([this.ids.runId(), this.ids.tenantId]));
  }

  /** Lets the run wait for a promise that `onEntry` returned. For a late entry only a rejection is reported. */
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

  /** Has somebody follow what is booked from now on, until the function is called that it gives. */
  watch(watcher: CostWatcher): () => void {
    const watchers = (this.#watchers ??= new Set());
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
    };
  }

  /** Tells those who watch of an entry. */
  recorded(entry: CostEntry): void {
    for (const watcher of this.#watchers ?? []) watcher.recorded(entry);
  }

  /** Hands an entry on to `onEntry`, as those who watch want it called. */
  handOn<TResult>(call: () => TResult): TResult {
    let outermost = call;
    for (const watcher of this.#watchers ?? []) {
      const inner = outermost;
      outermost = () => watcher.around(inner);
    }
    return outermost();
  }

  /** Records a failure that fails the run, even if user code catches the error. */
  fail(failure: PipelineError): void {
    if (!this.isClosed) this.#failures.push(failure);
  }

  /**
   * Waits for the pending calls of `onEntry`. Each call is awaited, and each failure returned, only once.
   *
   * @returns a promise of the failures since the last call; undefined if nothing is pending.
   */
  pending(): Promise<readonly PipelineError[]> | undefined {
    if (this.#waiting.size === 0 && this.#failures.length === 0) return undefined;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    return Promise.all(waiting).then(() => this.#failures.splice(0));
  }
}

/** The error of a call of `onEntry` that threw or rejected. */
export function entryRejected(path: string, cause: unknown): PipelineError {
  return new PipelineError('SINK_REJECTED', {
    path,
    problem: 'The onEntry of the cost ledger failed.',
    remedy: 'Mend it; its error is the cause.',
    cause,
  });
}
