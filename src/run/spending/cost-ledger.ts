import { isInstanceOf } from '../../data/foreign-value.js';
import { checkOptions, invalidOption, rule } from '../../errors/option-rules.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { Clock } from '../../ports/clock.js';
import { checkCall, costEntry } from './cost-entry.js';
import type { CostCall, CostEntry } from './cost-entry.js';
import { summarise } from './cost-summary.js';
import type { CostSummary } from './cost-summary.js';
import { entryRejected, RunCosts } from './run-costs.js';
import type { CostRunIds, CostWatcher } from './run-costs.js';

/** The run that an entry belongs to. */
export interface CostRun {
  /** Id of the run; an empty text for calls that the owner of a ledger records outside of any run. */
  readonly runId: string;
  /** Tenant of the run; absent if the run has none. */
  readonly tenantId?: string;
}

/** Options of a {@link CostLedger}. */
export interface CostLedgerOptions {
  /**
   * Called once with each new entry, when it is booked.
   *
   * At its end the run waits for promises that this function returns. An error or rejection fails the run with
   * `SINK_REJECTED`. Outside of any run the promise is not awaited, and you must handle its rejection.
   */
  readonly onEntry?: ((entry: CostEntry, run: CostRun) => unknown) | undefined;
}

const totalRules = { by: rule.oneOf('path', 'model') };

/** The entries, shared by all views of one ledger. */
interface Book {
  readonly onEntry: CostLedgerOptions['onEntry'];
  readonly all: CostEntry[];
  /** The entries per run, keyed by call id; under the key '' those of the ledger's owner. */
  readonly pages: Map<string, Map<string, CostEntry>>;
}

/** The fields of one view of a ledger; a class, so that users cannot pass their own. */
class View {
  readonly book: Book;
  readonly path: string;
  readonly run: RunCosts | undefined;
  readonly runId: (() => string) | undefined;
  readonly shown: string | undefined;
  readonly charge: ((entry: CostEntry) => void) | undefined;
  readonly clock: Clock | undefined;

  constructor({ book, path, run, runId, shown, charge, clock }: ViewFields) {
    this.book = book;
    this.path = path;
    this.run = run;
    this.runId = runId;
    this.shown = shown;
    this.charge = charge;
    this.clock = clock;
  }

  with(change: Partial<View>): View {
    const { book, path, run, runId, shown, charge, clock } = this;
    return new View({ book, path, run, runId, shown, charge, clock, ...change });
  }
}

type ViewFields = Pick<View, 'book' | 'path'> & Partial<View>;

/**
 * Makes the view of a run, which shows only the entries of that run.
 *
 * Internal, like the functions below: users must not be able to make a view of another run.
 *
 * @param report called with failures of `onEntry` for entries after the end of the run; must not throw.
 */
export let ledgerOfRun: (
  ledger: CostLedger,
  ids: CostRunIds,
  report: (error: PipelineError) => void,
) => CostLedger;

/**
 * Makes the view of a node from the view of its run.
 *
 * @param charge called after an entry was booked before the run's end; its errors are thrown by `record`.
 * @param runId the id passed to `onEntry`; given where a child has a `runId` of its own.
 * @param clock clock for the time of entries.
 */
export let ledgerAt: (
  ledger: CostLedger,
  path: string,
  charge?: (entry: CostEntry) => void,
  runId?: () => string,
  clock?: Clock,
) => CostLedger;

/** Marks the run of a view as ended: entries recorded through any of its views are late from now on. */
export let closeLedger: (ledger: CostLedger) => void;

/** Settles, with the failures, when the pending `onEntry` calls of the run have. See `RunCosts.pending`. */
export let pendingEntries: (ledger: CostLedger) => Promise<readonly PipelineError[]> | undefined;

/** Has somebody follow what the run books from now on, until the function is called that it gives. */
export let watchEntries: (ledger: CostLedger, watcher: CostWatcher) => () => void;

/**
 * Books the costs of calls of models; entries are never changed or removed.
 *
 * A ledger made with `new` shows all entries; `context.run.cost` shows only those of its run, that is of the same
 * `runId` and tenant. Entries are kept as long as the ledger exists, so the memory of a long-lived ledger grows.
 *
 * @example
 * {@includeCode ../../../examples/api/cost-ledger.ts}
 */
export class CostLedger {
  static {
    // A bundler may rename a class whose code refers to itself; errors and logs show the name.
    Object.defineProperty(this, 'name', { value: 'CostLedger' });
    ledgerOfRun = (ledger, ids, report) => {
      const { book } = ledger.#view;
      return new CostLedger(new View({ book, run: new RunCosts(ids, report), path: '' }));
    };
    ledgerAt = (ledger, path, charge, runId, clock) =>
      ledger.#derive({ path, charge, clock, ...(runId === undefined ? {} : { runId }) });
    closeLedger = (ledger) => {
      const { run } = ledger.#view;
      if (run !== undefined) run.isClosed = true;
    };
    pendingEntries = (ledger) => ledger.#view.run?.pending();
    watchEntries = (ledger, watcher) => ledger.#view.run?.watch(watcher) ?? (() => undefined);
  }

  readonly #view: View;

  /** @throws {@link PipelineError} `OPTION_INVALID` when an option is wrong. */
  constructor(options?: CostLedgerOptions);
  /** @internal */
  constructor(view: View);
  constructor(given: CostLedgerOptions | View = {}) {
    if (isInstanceOf(given, View)) {
      this.#view = given;
    } else {
      checkOptions('CostLedger', given, { onEntry: rule.callable });
      this.#view = new View({ book: { onEntry: given.onEntry, all: [], pages: new Map() }, path: '' });
    }
  }

  /**
   * Books a call under the path of the node, calls `onEntry`, then charges the budgets.
   *
   * If the call id was recorded before under the same `runId` and tenant, only the existing entry is returned.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` when the call is wrong; nothing is booked.
   * @throws {@link BudgetExceededError} when a limit is passed; the entry is booked.
   * @throws {@link PipelineError} `SINK_REJECTED` when `onEntry` throws, which ends the run too, whatever the policies
   * say; the entry is booked and charged.
   */
  record(call: CostCall): CostEntry {
    const { book, run, path, charge, clock } = this.#view;
    checkCall(call, path);
    const page = this.#page ?? new Map<string, CostEntry>();
    const known = page.get(call.callId);
    if (known !== undefined) return known;
    const entry = costEntry(call, path, run?.isClosed === true, clock);
    page.set(entry.callId, entry);
    book.pages.set(run?.key ?? '', page);
    book.all.push(entry);
    run?.recorded(entry);
    const failure = this.#tell(entry);
    try {
      if (entry.late === undefined) charge?.(entry);
    } catch (error) {
      throw failure ?? error;
    }
    if (failure !== undefined) throw failure;
    return entry;
  }

  /** The entries so far, in order of booking; a frozen copy. */
  get entries(): readonly CostEntry[] {
    const { book, run, shown = '' } = this.#view;
    const entries = run === undefined ? book.all : [...(this.#page?.values() ?? [])];
    return Object.freeze(entries.filter(({ path }) => isAtOrBelow(path, shown)));
  }

  /**
   * Sums up the entries per currency, and per path or model if asked; returns new frozen rows.
   *
   * Calls without a price have a row of their own. Amounts are rounded to 12 significant digits.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` when `by` is neither `path` nor `model`.
   */
  total(by?: 'path' | 'model'): CostSummary[] {
    if (by !== undefined) checkOptions('cost.total', { by }, totalRules, this.#view.path);
    return summarise(this.entries, by);
  }

  /** Returns a view of the run's entries at a path and below, also beyond this view. It records under that path. */
  under(path: string): CostLedger {
    if (typeof path !== 'string') throw invalidOption('cost.under', 'a path was expected', this.#view.path);
    return this.#derive({ path, shown: path });
  }

  /** The entries of the run, or of the owner; avoids making a run id while the ledger is empty. */
  get #page(): Map<string, CostEntry> | undefined {
    const { book, run } = this.#view;
    return book.pages.size === 0 ? undefined : book.pages.get(run?.key ?? '');
  }

  #derive(change: Partial<View>): CostLedger {
    return new CostLedger(this.#view.with(change));
  }

  #tell(entry: CostEntry): PipelineError | undefined {
    const { book, run, path, runId = run?.ids.runId } = this.#view;
    const { onEntry } = book;
    if (onEntry === undefined) return undefined;
    const tenantId = run?.ids.tenantId;
    try {
      const of = { runId: runId?.() ?? '', ...(tenantId === undefined ? {} : { tenantId }) };
      const call = (): unknown => onEntry(entry, of);
      const told = run === undefined ? call() : run.handOn(call);
      run?.follow(told, path);
      return undefined;
    } catch (cause) {
      const failure = entryRejected(path, cause);
      run?.fail(failure);
      return failure;
    }
  }
}

function isAtOrBelow(path: string, top: string): boolean {
  return top === '' || path === top || path.startsWith(`${top}/`);
}
