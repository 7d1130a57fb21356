import { isInstanceOf } from '../../data/foreign-value.js';
import { checkOptions, invalidOption, rule } from '../../errors/option-rules.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { Clock } from '../../ports/clock.js';
import { checkCall, costEntry } from './cost-entry.js';
import type { CostCall, CostEntry } from './cost-entry.js';
import { summarise } from './cost-summary.js';
import type { CostSummary } from './cost-summary.js';
import { entryRejected, RunCosts } from './run-costs.js';
import type { CostRunIds } from './run-costs.js';

/** The run that an entry belongs to. */
export interface CostRun {
  /** Empty for what the owner of a ledger records outside any run. */
  readonly runId: string;
  /** Absent where the run has none. */
  readonly tenantId?: string;
}

/** What a {@link CostLedger} may be told when it is made. */
export interface CostLedgerOptions {
  /**
   * Called once with each new entry, as it is booked.
   *
   * The run waits for a promise that it gives. One that throws or rejects is a `SINK_REJECTED`; outside any run
   * nobody waits, and a rejection is the caller's own.
   */
  readonly onEntry?: ((entry: CostEntry, run: CostRun) => unknown) | undefined;
}

const totalRules = { by: rule.oneOf('path', 'model') };

/** What all views of one ledger share. */
interface Book {
  readonly onEntry: CostLedgerOptions['onEntry'];
  readonly all: CostEntry[];
  /** The entries of each run by call id, and under '' those of the owner. */
  readonly pages: Map<string, Map<string, CostEntry>>;
}

/** What a view shows, and how it books; a class, so that nobody outside can make one. */
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
 * The view of a run: only its entries, whatever else is in the ledger.
 *
 * Like the functions below, it is of the engine alone: a run must not make the view of another.
 *
 * @param report takes the failures of `onEntry` with entries that came after the end; must not throw.
 */
export let ledgerOfRun: (
  ledger: CostLedger,
  ids: CostRunIds,
  report: (error: PipelineError) => void,
) => CostLedger;

/**
 * The same view, bound to the path of a node.
 *
 * @param charge is called after an entry was booked in time; what it throws goes to the caller of `record`.
 * @param runId of the part of the run that has an id of its own.
 * @param clock tells when entries are booked.
 */
export let ledgerAt: (
  ledger: CostLedger,
  path: string,
  charge?: (entry: CostEntry) => void,
  runId?: () => string,
  clock?: Clock,
) => CostLedger;

/** The run has ended: what is recorded through any view of it from now on is late. */
export let closeLedger: (ledger: CostLedger) => void;

/** What `onEntry` has still to do for this run, as far as nobody was told of it yet. */
export let pendingEntries: (ledger: CostLedger) => Promise<readonly PipelineError[]> | undefined;

/**
 * Books what calls of models cost; entries are never changed or removed.
 *
 * The ledger that was made with `new` shows everything that is booked in it; `context.run.cost` shows the entries
 * of its run only: of the same `runId` and tenant. Entries are kept as long as the ledger is: one that serves many
 * runs for long grows.
 *
 * @example
 * {@includeCode ../../../examples/api/cost-ledger.ts}
 */
export class CostLedger {
  static {
    // A bundler renames a class that names itself.
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
   * Books a call under the path of the node, tells `onEntry`, then charges the budgets.
   *
   * A call id that was recorded before under the same `runId` and tenant gives the first entry, and nothing else
   * happens.
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
    const failure = this.#tell(entry);
    try {
      if (entry.late === undefined) charge?.(entry);
    } catch (error) {
      throw failure ?? error;
    }
    if (failure !== undefined) throw failure;
    return entry;
  }

  /** The entries so far, in the order in which they were booked; a frozen copy. */
  get entries(): readonly CostEntry[] {
    const { book, run, shown = '' } = this.#view;
    const entries = run === undefined ? book.all : [...(this.#page?.values() ?? [])];
    return Object.freeze(entries.filter(({ path }) => isAtOrBelow(path, shown)));
  }

  /**
   * Sums the entries up: per currency, and per path or model if asked; fresh and frozen.
   *
   * Calls without a price are a row of their own. Amounts are rounded to 12 significant digits.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` when there is no such key.
   */
  total(by?: 'path' | 'model'): CostSummary[] {
    if (by !== undefined) checkOptions('cost.total', { by }, totalRules, this.#view.path);
    return summarise(this.entries, by);
  }

  /** A view of the entries at a path and below, whatever this view shows of the run; it books under that path. */
  under(path: string): CostLedger {
    if (typeof path !== 'string') throw invalidOption('cost.under', 'a path was expected', this.#view.path);
    return this.#derive({ path, shown: path });
  }

  /** The entries of the run, or of the owner; no id is made where nothing was booked yet. */
  get #page(): Map<string, CostEntry> | undefined {
    const { book, run } = this.#view;
    return book.pages.size === 0 ? undefined : book.pages.get(run?.key ?? '');
  }

  #derive(change: Partial<View>): CostLedger {
    return new CostLedger(this.#view.with(change));
  }

  #tell(entry: CostEntry): PipelineError | undefined {
    const { book, run, path, runId = run?.ids.runId } = this.#view;
    if (book.onEntry === undefined) return undefined;
    const tenantId = run?.ids.tenantId;
    try {
      const told = book.onEntry(entry, {
        runId: runId?.() ?? '',
        ...(tenantId === undefined ? {} : { tenantId }),
      });
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
